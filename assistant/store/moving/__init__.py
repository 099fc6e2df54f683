"""Moves a whole store to another home or to other servers, and compares every row."""
