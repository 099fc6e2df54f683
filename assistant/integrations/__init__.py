"""Parts of the assistant as parts of other frameworks."""
