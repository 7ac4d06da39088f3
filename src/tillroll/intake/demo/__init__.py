"""A made-up shop to look at and to build against: the same seed gives the same shop, up to today.

Its records come in by the road that every import takes (staging, then one transaction), so that they are as
whole as a real shop's, and leave by the same road when a real shop is imported.
"""

from tillroll.intake.demo.access import Access, ensure_access
from tillroll.intake.demo.shop import Counts, NotADemo, fill_demo, is_empty

__all__ = ["Access", "Counts", "NotADemo", "ensure_access", "fill_demo", "is_empty"]
