"""Drafts of golden questions from documents, by rule or by a model."""
