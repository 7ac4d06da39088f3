"""A refusal in another language is the same refusal; one in other words is not."""

import pytest

from tests.cli.comparing.told import Shop, Told
from tillroll.cli.comparing import rules
from tillroll.cli.comparing.comparison import Verdict, judge
from tillroll.cli.comparing.questions import UNKNOWN, ask

assert rules

NO_CUSTOMER = ask("customers", customer=UNKNOWN)
NO_DISCOUNT = ask("discounts", discount=UNKNOWN)
NO_PRODUCT = ask("stats", type="sales", product=UNKNOWN)

ENGLISH: Told = {
    NO_CUSTOMER: {"error": "Customer not found!"},
    NO_DISCOUNT: {"error": f"Discount {UNKNOWN} not found!"},
    NO_PRODUCT: {"error": f"Product {UNKNOWN} not found!"},
}
GERMAN: Told = {
    NO_CUSTOMER: {"error": "Kunde nicht gefunden!"},
    NO_DISCOUNT: {"error": f"Rabatt {UNKNOWN} nicht gefunden!"},
    NO_PRODUCT: {"error": f"Produkt {UNKNOWN} nicht gefunden!"},
}


@pytest.mark.parametrize(
    ("error", "site", "verdict"),
    [
        ("Keine Kunden gefunden!", GERMAN, Verdict.EXPLAINED),
        ("Keine Kunden gefunden!", ENGLISH, Verdict.UNEXPLAINED),
        ("This shop is closed for today.", ENGLISH, Verdict.UNEXPLAINED),
        ("Keine Kunden gefunden!", {**GERMAN, NO_PRODUCT: {"sales": []}}, Verdict.UNEXPLAINED),
        ("Nie znaleziono klientów!", ENGLISH, Verdict.EXPLAINED),
        ("This shop is closed \u2013 come back!", ENGLISH, Verdict.UNEXPLAINED),
        ("Zoë is away.", ENGLISH, Verdict.UNEXPLAINED),
        ("Kunde nicht gefunden!", GERMAN, Verdict.UNEXPLAINED),
        ("Customer not found!", GERMAN, Verdict.UNEXPLAINED),
        ("Customer Zoë not found!", GERMAN, Verdict.UNEXPLAINED),
    ],
    ids=[
        "translated", "other words", "a plugin", "in part", "letters", "a dash", "its own letters",
        "another error", "English", "English about Zoë",
    ],
)  # fmt: skip
def test_an_error_may_be_in_another_language_and_not_another_error(
    error: str, site: Told, verdict: Verdict
) -> None:
    question = ask("customers", number="3", s="Zoë")
    theirs = Shop({**site, question: {"error": error}})
    ours = Shop({**ENGLISH, question: {"error": "No customers found!"}})
    assert judge(question, theirs, ours).verdict is verdict


def test_the_error_itself_is_no_evidence_of_its_language() -> None:
    theirs, ours = Shop({**ENGLISH, NO_CUSTOMER: {"error": "Nobody is here."}}), Shop(ENGLISH)
    assert judge(NO_CUSTOMER, theirs, ours).verdict is Verdict.UNEXPLAINED
    assert judge(NO_CUSTOMER, Shop(GERMAN), ours).verdict is Verdict.EXPLAINED
