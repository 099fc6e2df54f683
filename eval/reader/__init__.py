"""Training of the reader: a small cross-encoder that sees question and sentence together."""
