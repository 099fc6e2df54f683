"""Old Office files, converted by LibreOffice within limits."""
