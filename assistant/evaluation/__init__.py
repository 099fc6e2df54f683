"""Accuracy of answers: golden sets, metrics, stored runs, comparisons and reports."""
