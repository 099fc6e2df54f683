"""One reader a media type: bytes -> Content."""
