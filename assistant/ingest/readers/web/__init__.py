"""Reader of web pages, also used for the chapters of e-books and for mail in HTML."""
