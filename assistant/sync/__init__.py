"""The corpus in step with folders and bundles."""
