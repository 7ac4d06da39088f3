"""/info: what the key may do, how often, and how the shop writes amounts ([3.6] 3.9).

Beside EDD's members a key sees its endpoints, limits and what is left of them. A key that came from another
shop and was never limited here sees EDD's answer to the letter, and in a mirrored shop the records' age.
"""

from tillroll.access.capabilities import Capability
from tillroll.eddapi.age import find_age
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


def _describe_key(question: Question) -> dict[str, object]:
    policy = question.caller.policy
    described: dict[str, object] = {
        "endpoints": policy.list_endpoints(),
        "limits": {
            window.name: {"limit": window.limit, "remaining": window.left, "reset": window.resets_in}
            for window in question.allowance
        },
    }
    if policy.hidden:
        described["hidden_fields"] = sorted(policy.hidden)
    if question.caller.customer_id is not None:
        described["customer_id"] = str(question.caller.customer_id)
    return described


def info(question: Question) -> Answer:
    settings = question.shop.settings
    answer: dict[str, object] = {}
    if held := {str(name): True for name in _SHOWN if question.caller.can(name)}:
        answer["permissions"] = held
    if not (question.caller.is_imported and question.caller.policy.is_open):
        answer |= _describe_key(question)
    if age := find_age(question.run, question.shop, question.now):
        answer["mirror"] = {"age": age.seconds, "round": age.round}
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
