"""Scores of answers: metrics, marks of one answer, marks by a model."""
