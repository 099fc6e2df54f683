"""Requests that the page never sends."""

from __future__ import annotations

from eval.bench_figure import Figure


def figures() -> list[Figure]:
    """Nothing yet."""
    return []
