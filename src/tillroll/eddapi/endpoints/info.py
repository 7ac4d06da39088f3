"""/info: what the key may do, and how the shop writes amounts ([3.6] 3.9)."""

from tillroll.access.capabilities import Capability
from tillroll.eddapi.answer import Answer, Question

SPEAKS_EDD = "3.6.5"
"""The EDD whose answers are given, for a shop that did not bring its own version."""

SPEAKS_WORDPRESS = "6.9.7"
"""The WordPress under that EDD; a shop's database does not tell its own."""

_SHOWN = (
    Capability.VIEW_SHOP_REPORTS,
    Capability.VIEW_SHOP_SENSITIVE_DATA,
    Capability.MANAGE_SHOP_DISCOUNTS,
)


def info(question: Question) -> Answer:
    settings = question.shop.settings
    answer: dict[str, object] = {}
    if held := {str(name): True for name in _SHOWN if question.caller.can(name)}:
        answer["permissions"] = held
    site: dict[str, object] = {}
    if question.caller.can(Capability.VIEW_SHOP_SENSITIVE_DATA):
        site["wp_version"] = SPEAKS_WORDPRESS
        site["edd_version"] = settings.edd_version or SPEAKS_EDD
    answer["site"] = site | {
        "currency": settings.currency,
        "currency_position": settings.currency_position,
        "decimal_separator": settings.decimal_separator or ".",
        "thousands_separator": settings.thousands_separator or ",",
    }
    return Answer({"info": answer})
