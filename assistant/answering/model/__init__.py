"""Answers by a language model: its client, prompts, the reading of its replies."""
