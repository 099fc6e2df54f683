"""Near-duplicates: how they are found, and which of them is used for answers."""
