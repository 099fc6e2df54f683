"""A conversational assistant that answers from a corpus of documents, with every sentence cited."""
