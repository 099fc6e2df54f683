"""Who may do what, where others reach the server: login, the door that requests pass, roles by route."""
