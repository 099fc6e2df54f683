"""Sources to documents to passages: files, archives, web pages, parsing in a sandbox, splitting."""
