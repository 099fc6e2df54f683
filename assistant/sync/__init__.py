"""Corpora in step with folders, and bundles to carry them to another machine."""
