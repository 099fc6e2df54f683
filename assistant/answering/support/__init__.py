"""The check of whether a quote supports a sentence."""
