"""What a browser is sent of the page: its frame, its files as few as can be, compressed and kept."""
