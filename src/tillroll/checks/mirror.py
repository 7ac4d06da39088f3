"""What `tillroll doctor` looks at in a shop that follows another."""

from collections.abc import Iterator

from tillroll.checks.findings import Finding, State

LATE = 8
"""Rounds that may be missed before nobody seems to follow the source."""

LATE_SECONDS = 600.0
"""Before these are over nobody is missed, however short the rounds are."""


def check_mirror() -> Iterator[Finding]:
    """The records follow their source."""
    from tillroll.shop.services import get_mirror

    mirror = get_mirror()
    if mirror is None:
        return
    found = f"The records are {mirror.age:,} s old."
    if mirror.problem:
        advice = "Mend that; the mirror then catches up by itself."
        yield Finding("Mirror", State.WRONG, f"{mirror.problem} {found}", advice)
    elif mirror.age > max(mirror.every * LATE, LATE_SECONDS):
        advice = f"Is it running? tillroll mirror {mirror.address}"
        yield Finding("Mirror", State.WRONG, found, advice)
    else:
        yield Finding("Mirror", State.FINE, found)
