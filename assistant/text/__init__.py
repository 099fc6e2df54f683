"""Text by itself: sentences, words, quantities, tables, tokens, and text as safe HTML."""
