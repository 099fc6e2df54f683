"""Texts to unit vectors: the local model, a remote endpoint, and the weights."""
