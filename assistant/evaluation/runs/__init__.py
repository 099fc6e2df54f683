"""Runs of golden sets: asked, kept, summed up, compared."""
