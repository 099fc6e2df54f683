"""A run as text, HTML or JSON."""
