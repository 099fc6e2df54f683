"""Tables of a PDF: those that are drawn, and those that are aligned by white space."""
