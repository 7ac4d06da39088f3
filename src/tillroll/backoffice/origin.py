"""What a form says of a record that came from another shop."""

from typing import Any

from tillroll.shop.services import get_mirror


def describe_origin(record: Any) -> tuple[str, ...]:
    """A sentence where a change would not last: an import brings the record of its shop back, a mirror takes
    no change at all."""
    mirror = get_mirror()
    if mirror is not None:
        return (
            f"This shop follows {mirror.source.name}: change it there, since what is saved here is refused.",
        )
    source = getattr(record, "source", None)
    if source is None or source.kind == "demo":
        return ()
    return (f"This comes from {source.name}. The next import of that shop brings back what is there.",)
