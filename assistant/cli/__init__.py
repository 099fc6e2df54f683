"""The command line."""

from assistant.cli.app import main

__all__ = ["main"]
