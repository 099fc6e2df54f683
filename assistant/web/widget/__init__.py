"""A widget for other sites: one script tag puts "ask the documents" on a page, in a frame of this server."""
