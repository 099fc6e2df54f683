"""The HTTP server: API, security and the chat page."""
