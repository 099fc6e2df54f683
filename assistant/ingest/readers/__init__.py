"""One reader for each media type: bytes -> Content."""
