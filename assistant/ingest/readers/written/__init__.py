"""Texts with marks of a kind of their own: notebooks, subtitles, XML, source code."""
