"""A shop that was kept in SQLite files, copied to PostgreSQL: all of it, or nothing.

tables.py says which tables there are, source.py reads the file, target.py makes the PostgreSQL ready and
takes the rows in, moving.py puts them in order.
"""

from tillroll.intake.move.moving import Moved, move
from tillroll.intake.move.source import MoveRefused

__all__ = ["MoveRefused", "Moved", "move"]
