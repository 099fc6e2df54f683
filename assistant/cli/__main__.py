"""`python -m assistant.cli`, for where the command itself is not on the path."""

from assistant.cli.app import main

main()
