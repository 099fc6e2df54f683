"""PDF: words with their boxes, lines in reading order, tables, and what a page carries beside its text."""
