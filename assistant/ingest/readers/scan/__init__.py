"""Text recognition (OCR) on scanned pages and pictures, where it is installed."""
