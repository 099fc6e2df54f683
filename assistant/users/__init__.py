"""People who log in where others reach the server: their names, passwords, sessions, tokens and roles."""
