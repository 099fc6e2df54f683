"""Outlook messages (.msg): the container, its properties, and what they say."""
