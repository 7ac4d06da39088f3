"""How lists are searched so that an index answers, on both stores."""

from django.db import connection
from django.db.models import Q


def begins(field: str, text: str) -> Q:
    """Texts of a column that begin with a text, letter by letter.

    SQLite's LIKE knows no case and so no index, but its texts are in the order of their bytes; PostgreSQL's
    order is the language's, and its LIKE is exact.
    """
    if connection.vendor != "sqlite" or not text:
        return Q(**{f"{field}__startswith": text})
    return Q(**{f"{field}__gte": text, f"{field}__lt": text + "\U0010ffff"})
