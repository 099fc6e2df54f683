"""Delivery of the page to a browser: its frame, bundled files, compression, pages of PDFs."""
