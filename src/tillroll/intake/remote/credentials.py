"""What another shop's API lets one in by."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    """An administrator's key, and its token or (of a Tillroll) its bearer secret; no repr holds them."""

    key: str = field(repr=False)
    token: str = field(repr=False)
