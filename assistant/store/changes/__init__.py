"""Changes of documents: what goes with them, which passages they touch, and who may make them."""
