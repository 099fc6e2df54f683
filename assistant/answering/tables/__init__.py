"""Answers by rule from tables: rows, cells, aggregates."""
