"""Whatever is sent, the API answers: never a 5xx, always whole JSON or XML, never a secret."""

import json
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from tests.asking import Reply, ask
from tests.eddapi_random.questions import Asker, Known, Sent
from tests.shops import (
    setup_customer,
    setup_discount,
    setup_download,
    setup_fee,
    setup_key,
    setup_line,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    setup_term,
)
from tillroll.access.log import request_log
from tillroll.access.models import RequestLogEntry
from tillroll.eddapi import answer
from tillroll.shop.models import Taxonomy, Term

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

REQUESTS = 20_000
"""So many in all, in PARTS shops that differ in their settings; a quarter on PostgreSQL, which is slower."""

PARTS = (
    {"dialect": "documented"},
    {"dialect": "edd3", "default_version": "v2", "timezone": "+5.75", "sequential_numbers": True},
    {"dialect": "edd3", "timezone": "Australia/Lord_Howe", "currency": "JPY", "skus_enabled": True},
    {"dialect": "documented", "query_credentials": False, "log_public_requests": True, "timezone": "-12"},
)

STATUSES = {200, 204, 400, 401, 403, 404, 405, 429}
"""All that an answer may have; the gates' ones, with an error alone, are those from 400 up."""


@pytest.fixture
def pairs() -> list[Known]:
    """A small shop with a bit of everything, awkward texts among it, and the keys to it."""
    music = setup_term("Music &amp; <b>", "music")
    video = setup_term("Vidéo", "vid%c3%a9o", parent=music)
    new = setup_term("new", "new", taxonomy=Taxonomy.TAG)
    wares = [
        setup_product(title="Ware one & <two> \x0b 💿", slug="1-ware", terms=[music, new], sku="A\x01"),
        setup_product(slug="%e6%97%a5", prices=[("1 Site", "5"), ("日本", "7.50"), ("", "1")], terms=[video]),
        setup_product(title="", slug="", status="draft", files=[{"name": "\x1f", "file": "/a b.zip"}]),
        setup_product(title="Shut", slug="shut", is_protected=True, price=None),
    ]  # fmt: skip
    ann = setup_customer("ann@example.com", "Ann \x08 O'Hara", additional_emails=("ann2@example.com",))
    setup_customer("", "")
    for number in range(1, 8):
        order = setup_order(
            *(setup_line(ware, fees=(setup_fee("F <&>", "1"),)) for ware in wares[:2]),
            customer=ann if number % 2 else None,
            fees=[setup_fee("Handling \x02", "3")],
            discounts={"1 OFF &": Decimal(1)} if number % 3 else None,
            payment_key=f"key-{number}",
            number=f"A-{number}",
        )
    setup_refund(order)
    setup_discount("1 OFF &", requirements=["1"], name="\x0c")
    setup_discount("SPRING", status="archived")
    setup_download(wares[0], ann, file_name="\x03.zip")
    setup_download(999, 0)
    keys = [setup_key(role=role) for role in ("administrator", "administrator", "shop_accountant", None)]
    known = [Known(pair.public_key, pair.token) for pair in keys]
    return [*known, Known(known[0].key, known[1].token), Known("f" * 32, known[0].token)]


@pytest.fixture
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of more than five rows are streamed, three rows at a time."""
    monkeypatch.setattr(answer, "STREAM_ABOVE", 5)
    monkeypatch.setattr(answer, "BATCH", 3)


@pytest.fixture(autouse=True)
def empty_log() -> Iterator[None]:
    request_log._waiting.clear()
    yield
    request_log._waiting.clear()


@pytest.mark.parametrize("part", range(len(PARTS)))
def test_no_request_gets_a_server_error_or_a_broken_answer(
    part: int, pairs: list[Known], short_streams: None
) -> None:
    settings: dict[str, Any] = dict(PARTS[part])
    setup_settings(cors_origins=["https://app.example"], **settings)
    by_query = settings.get("query_credentials", True)
    asker = Asker(part, pairs, in_headers=0.04 if by_query else 0.9)
    secrets = {pair.token for pair in pairs}
    seen: Counter[int] = Counter()

    for _ in range((REQUESTS if connection.vendor == "sqlite" else REQUESTS // 4) // len(PARTS)):
        sent = asker.draw()
        reply = send(sent)
        problem = find_problem(sent, reply, secrets)
        assert not problem, f"{problem}: {sent!r} -> {reply.status} {reply.headers} {reply.content[:500]!r}"
        seen[reply.status] += 1
        if len(request_log._waiting) > 500:
            check_log(secrets)

    check_log(secrets)
    assert set(seen) >= {200, 204, 400, 401, 403, 404, 405}
    assert seen[200] > seen.total() / 4


def send(sent: Sent) -> Reply:
    return ask(
        sent.path,
        sent.query,
        method=sent.method,
        headers=sent.headers,
        body=sent.body,
        content_type=sent.content_type,
    )


def find_problem(sent: Sent, reply: Reply, secrets: set[str]) -> str:
    """What is wrong with an answer; "" when it is fine."""
    if reply.status not in STATUSES:
        return "a status that must not be"
    if any("\r" in value or "\n" in value for value in reply.headers.values()):
        return "a header of two lines"
    shown = reply.content + "".join(reply.headers.values()).encode("latin-1")
    if any(secret.encode() in shown for secret in secrets):
        return "a secret is shown"
    if sent.method == "HEAD" or reply.status == 204:
        return "a body that must not be" if reply.content else ""
    if int(reply.headers.get("content-length", len(reply.content))) != len(reply.content):
        return "a wrong length"
    kind = reply.headers["content-type"]
    if kind == "application/json":
        return find_problem_in_json(reply)
    if kind == "application/xml; charset=UTF-8":
        return find_problem_in_xml(reply)
    return "another content type"


def find_problem_in_json(reply: Reply) -> str:
    try:
        data = json.loads(reply.content.decode(), parse_constant=fail)
    except ValueError as error:
        return f"no JSON ({error})"
    if not isinstance(data, dict):
        return "no object"
    return find_problem_in_members(reply.status, list(data))


def find_problem_in_xml(reply: Reply) -> str:
    try:
        root = ElementTree.fromstring(reply.content)  # noqa: S314 (our own answer)
    except ElementTree.ParseError as error:
        return f"no XML ({error})"
    return (
        "another root"
        if root.tag != "edd"
        else find_problem_in_members(reply.status, [each.tag for each in root])
    )


def find_problem_in_members(status: int, names: list[str]) -> str:
    if status == 200:
        return "" if names[-1:] == ["request_speed"] else "request_speed is not last"
    return "" if names == ["error"] else "more than an error"


def fail(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def check_log(secrets: set[str]) -> None:
    """Every line can be written, and none holds a token."""
    before, waiting = RequestLogEntry.objects.count(), len(request_log._waiting)
    request_log.flush()
    assert RequestLogEntry.objects.count() == before + waiting
    for line in RequestLogEntry.objects.values_list("question", "error", "key_start", "endpoint"):
        assert not any(secret in text for secret in secrets for text in line)
    RequestLogEntry.objects.all().delete()


def test_the_answer_of_a_signed_request_would_be_missed(pairs: list[Known]) -> None:
    """The checks above see what they look for."""
    pair = pairs[0]
    good = ask("/edd-api/v2/info/", {"key": pair.key, "token": pair.token})
    sent = Sent("GET", "/edd-api/v2/info/", "", {}, b"", "")
    assert find_problem(sent, good, set()) == ""
    assert find_problem(sent, Reply(500, good.headers, good.content), set())
    assert find_problem(sent, Reply(200, good.headers, good.content[:-1]), set())
    assert find_problem(sent, Reply(400, good.headers, good.content), set())
    assert find_problem(sent, good, {"currency"})


@pytest.mark.parametrize("relation", ["AND", "OR"])
def test_more_terms_than_a_store_can_nest_are_answered(relation: str) -> None:
    terms = Term.objects.bulk_create(
        Term(
            term_id=number,
            taxonomy=Taxonomy.CATEGORY,
            name=f"T{number}",
            slug=f"t{number}",
            slug_folded=f"t{number}",
        )
        for number in range(1, 1_201)
    )
    setup_product(slug="in-one", terms=[terms[700]])
    slugs = ",".join(term.slug for term in terms)

    reply = ask("/edd-api/v2/products/", {"category": slugs, "term_relation": relation})

    found = [product["info"]["slug"] for product in reply.data["products"]]
    assert (reply.status, found) == (200, ["in-one"] if relation == "OR" else [])
