"""Question and history to scored passages, and how likely they answer."""
