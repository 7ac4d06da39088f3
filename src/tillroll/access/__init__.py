"""Who may read what: users, roles, API keys and the log of requests."""
