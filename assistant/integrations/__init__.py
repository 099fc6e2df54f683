"""Parts of the assistant as parts of other frameworks, and their parts as ours."""
