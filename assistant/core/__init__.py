"""The types, errors and settings used by every other package."""
