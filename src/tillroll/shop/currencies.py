"""How many decimals a currency's amounts have ([3.6] 3.6)."""

# fmt: off
NO_DECIMALS = frozenset((
    "BIF", "CLP", "DJF", "GNF", "HUF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF",
    "XOF", "XPF", "RIAL", "TWD",
))
# fmt: on
"""Currencies whose amounts are whole."""


def get_decimals(currency: str) -> int:
    """0 or 2."""
    return 0 if currency.upper() in NO_DECIMALS else 2
