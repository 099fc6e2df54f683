"""Scores of answers: metrics, scores of one answer, judgement by a model."""
