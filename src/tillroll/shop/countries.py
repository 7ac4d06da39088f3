"""What countries are called: the names that come with the time zones (IANA, public domain)."""

from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def _read_names() -> dict[str, str]:
    text = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text("utf-8")
    return dict(line.split("\t", 1) for line in text.splitlines() if line and not line.startswith("#"))


def get_country_name(code: str) -> str:
    """The English name of a country by its two letters; the code itself where it is none."""
    return _read_names().get(code.upper(), code)
