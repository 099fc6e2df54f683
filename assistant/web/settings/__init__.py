"""What is set on a running server: the language model."""
