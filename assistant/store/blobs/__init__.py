"""Bytes under names, in a folder or in a bucket."""
