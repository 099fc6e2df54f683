"""Small lists of the ledger beside documents, passages and turns."""
