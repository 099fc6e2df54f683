"""Reports of runs as text, HTML and JSON."""
