"""Runs of golden sets: asking, storing, summarising, comparing."""
