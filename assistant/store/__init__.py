"""The ledger, the originals and the index: kept through crashes, erased for good."""
