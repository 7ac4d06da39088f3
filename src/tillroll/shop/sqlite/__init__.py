"""Django's SQLite backend, quicker at what the API does all day; `settings.py` names this package."""
