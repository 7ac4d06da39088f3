"""The connections of a worker's pool; apart from databases.py, so that psycopg is loaded only where it is
used."""

from typing import Any

import psycopg


class PooledConnection(psycopg.Connection[Any]):
    """A connection that remembers what reads on it, with its cursor and its prepared statements."""

    reader: Any = None
