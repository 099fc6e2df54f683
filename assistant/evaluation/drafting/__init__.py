"""Drafting of golden questions from documents, by rules or by a model."""
