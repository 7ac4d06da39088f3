"""Which attempts are logged, what is in a line, and what never is ([CONTRACT] Request log)."""

import base64
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import DataError, InterfaceError, OperationalError, ProgrammingError, connection
from django.db.models import CharField, JSONField, TextField
from django.test.utils import CaptureQueriesContext

from tests.asking import ask
from tests.shops import (
    get_key,
    setup_customer,
    setup_key,
    setup_order,
    setup_product,
    setup_settings,
    setup_user,
    signed,
)
from tillroll.access import log
from tillroll.access.digests import Pair, make_bearer, make_token
from tillroll.access.log import request_log
from tillroll.access.models import RequestLogEntry
from tillroll.access.services import revoke_key

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

SECRET, PUBLIC_KEY = "5ec2e7" * 6, "c0ffee" * 6
PAIR = Pair(PUBLIC_KEY, make_token(SECRET, PUBLIC_KEY))
NOW = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def holder() -> None:
    request_log._waiting.clear()
    user = setup_user("ann", role="shop_accountant", wire_id=70)
    setup_key(user=user, public_key=PAIR.public_key, token=PAIR.token, label="Till app")


def read_lines() -> list[RequestLogEntry]:
    request_log.flush()
    return list(RequestLogEntry.objects.order_by("id"))


def read_line() -> RequestLogEntry:
    [line] = read_lines()
    return line


# Which


@pytest.mark.parametrize(
    ("path", "query", "status", "error"),
    [
        pytest.param("/edd-api/v2/sales/", signed(PAIR), 200, "", id="answered"),
        pytest.param("/edd-api/v2/products/", signed(PAIR), 200, "", id="products with a pair"),
        pytest.param("/edd-api/v2/products/", {"key": PUBLIC_KEY}, 200, "", id="products with a key alone"),
        pytest.param("/edd-api/v2/customers/", signed(PAIR), 200, "", id="without the right"),
        pytest.param(
            "/edd-api/v2/stats/",
            signed(PAIR, type="sales", product="9"),
            200,
            "Product 9 not found!",
            id="an endpoint's error",
        ),
        pytest.param(
            "/edd-api/v2/sales/",
            {"key": PUBLIC_KEY},
            401,
            "You must specify both a token and API key!",
            id="without a token",
        ),
        pytest.param(
            "/edd-api/v2/sales/",
            {"key": PUBLIC_KEY, "token": "0"},
            403,
            "Your request could not be authenticated!",
            id="with a wrong token",
        ),
        pytest.param("/edd-api/v9/sales/", signed(PAIR), 404, "Invalid API version!", id="wrong version"),
        pytest.param("/edd-api/v2/nonsense/", signed(PAIR), 400, "Invalid query!", id="wrong endpoint"),
        pytest.param(
            "/edd-api/v2/sales/", signed(PAIR, format="yaml"), 400, "Invalid format!", id="wrong format"
        ),
        pytest.param(
            "/edd-api/v2/sales/",
            signed(PAIR, number="x"),
            400,
            "The number parameter must be -1 or a positive whole number!",
            id="wrong number",
        ),
    ],
)
def test_every_attempt_that_names_a_key_is_logged(
    path: str, query: dict[str, object], status: int, error: str
) -> None:
    assert ask(path, query).status == status
    line = read_line()
    assert (line.status, line.error) == (status, error)
    assert (line.user_id, line.user_name, line.key_label, line.key_start) == (70, "ann", "Till app", "")
    assert line.key_id == get_key(PAIR).pk


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_every_method_is_logged(method: str) -> None:
    ask("/edd-api/v2/sales/", signed(PAIR), method=method)
    assert read_line().status == 200


def test_a_key_in_a_form_and_in_a_header_is_logged() -> None:
    ask("/edd-api/v2/sales/", method="POST", form=signed(PAIR))
    header = base64.b64encode(f"{PAIR.public_key}:{PAIR.token}".encode()).decode()
    ask("/edd-api/v2/sales/", headers={"Authorization": f"Basic {header}"})
    assert [(line.status, line.user_name) for line in read_lines()] == [(200, "ann")] * 2


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/edd-api/v2/products/", {}),
        ("/edd-api/v2/sales/", {}),
        ("/edd-api/v2/sales/", {"token": PAIR.token}),
        ("/edd-api/v2/sales/", {"key": ""}),
        ("/edd-api/v9/sales/", {}),
    ],
)
@pytest.mark.parametrize("is_logged", [False, True])
def test_what_names_no_key_is_logged_where_the_shop_says_so(
    path: str, query: dict[str, str], is_logged: bool
) -> None:
    setup_settings(log_public_requests=is_logged)
    ask(path, query)
    lines = read_lines()
    assert len(lines) == is_logged
    assert [(line.user_id, line.user_name, line.key_id, line.key_start) for line in lines] == [
        (0, "", None, "")
    ] * is_logged


def test_a_shop_may_switch_its_log_off() -> None:
    setup_settings(log_requests=False, log_public_requests=True)
    ask("/edd-api/v2/sales/", signed(PAIR))
    ask("/edd-api/v2/sales/", {"key": "0" * 32, "token": "0"})
    ask("/edd-api/v2/products/")
    assert read_lines() == []


def test_other_pages_are_not_logged() -> None:
    setup_settings(log_public_requests=True)
    ask("/healthz/live", {"key": PAIR.public_key})
    assert request_log._waiting == []


# What


def test_a_line_says_when_who_what_and_how_it_went() -> None:
    with time_machine.travel(NOW, tick=False):
        reply = ask(
            "/edd-api/v1/stats/",
            f"type=sales&key={PAIR.public_key}&token={PAIR.token}&date=today&number=5",
            address="203.0.113.9",
        )
    line = read_line()
    assert line.at == NOW
    assert (line.version, line.endpoint) == ("v1", "stats")
    assert line.question == "type=sales&date=today&number=5"
    assert (line.status, line.error) == (200, "")
    assert line.address == "203.0.113.9"
    assert line.size == len(reply.content)
    assert 0 < line.milliseconds < 60_000


def test_an_unknown_keys_first_six_characters_are_kept_and_no_more() -> None:
    ask("/edd-api/v2/sales/", {"key": "abcdefghij" * 3, "token": PAIR.token})
    line = read_line()
    assert (line.key_start, line.key_id, line.user_id, line.user_name) == ("abcdef", None, 0, "")
    assert (line.status, line.error) == (403, "Invalid API key!")


def test_a_key_in_the_query_is_noted_where_it_does_not_count() -> None:
    setup_settings(query_credentials=False)
    assert ask("/edd-api/v2/sales/", signed(PAIR)).status == 401
    line = read_line()
    assert (line.key_id, line.status) == (get_key(PAIR).pk, 401)


def test_a_revoked_keys_further_attempts_name_who_still_tries() -> None:
    key = get_key(PAIR)
    revoke_key(key)
    ask("/edd-api/v2/sales/", signed(PAIR))
    line = read_line()
    assert (line.key_id, line.user_id, line.key_start) == (key.pk, key.user_id, "")
    assert (line.status, line.error) == (403, "Invalid API key!")


def test_a_revoked_keys_lines_stay_readable() -> None:
    ask("/edd-api/v2/sales/", signed(PAIR))
    request_log.flush()
    get_key(PAIR).user.delete()
    line = read_line()
    assert (line.user_name, line.key_label) == ("ann", "Till app")


def test_a_form_is_part_of_the_question() -> None:
    ask("/edd-api/v2/sales/", "page=2", method="POST", form=signed(PAIR, number="5", s="a b"))
    assert read_line().question == "page=2&number=5&s=a+b"


def test_a_long_question_is_cut() -> None:
    ask("/edd-api/v2/sales/", {"key": "zzzzzz", "q": "a" * 5_000})
    ask("/edd-api/v2/sales/", method="POST", form={"key": "zzzzzz", "q": "a" * 900_000})
    for line in read_lines():
        assert len(line.question) == 2_001
        assert line.question.endswith("a…")


def test_a_wrong_header_on_public_products_is_not_the_holders_line() -> None:
    header = base64.b64encode(f"{PUBLIC_KEY}:guess".encode()).decode()
    assert ask("/edd-api/v2/products/", headers={"Authorization": f"Basic {header}"}).status == 200
    line = read_line()
    assert (line.key_id, line.user_id, line.key_start) == (None, 0, PUBLIC_KEY[:6])
    assert (line.status, line.error) == (200, "The header was ignored.")


def test_a_line_for_the_log_leaves_the_kept_keys_alone() -> None:
    ask("/edd-api/v2/sales/", signed(PAIR))
    ask("/edd-api/v2/sales/", {"key": "zzzzzz", "token": "x"})
    with CaptureQueriesContext(connection) as asked:
        ask("/edd-api/v2/sales/", signed(PAIR))
    assert [one["sql"] for one in asked if "access_apikey" in one["sql"]] == []


def test_an_unknown_path_is_kept_up_to_its_first_odd_character() -> None:
    for path in ("/edd-api/v2/" + "long" * 50, "/edd-api/sales&token=" + PAIR.token, "/edd-api/\x00a"):
        ask(path, {"key": PAIR.public_key})
    assert [line.endpoint for line in read_lines()] == ["v2/" + "long" * 7 + "l", "sales", ""]


def test_odd_characters_are_no_obstacle() -> None:
    ask(
        "/edd-api/v2/sales/",
        "key=%F0%9F%92%A9%F0%9F%92%A9&token=%00&s=%00%FF&\x01=\x00&x=\ud83d".encode(
            "utf-8", "surrogatepass"
        ).decode("latin-1"),
    )
    line = read_line()
    assert line.key_start == "\U0001f4a9\U0001f4a9"
    assert line.question.isascii()


# Never


BEARER = make_bearer(PUBLIC_KEY)
CREDENTIALS = f"key={PAIR.public_key}&token={PAIR.token}"

MIXED: list[tuple[str, str, dict[str, Any]]] = [
    ("/edd-api/v2/sales/", CREDENTIALS, {}),
    ("/edd-api/v2/sales/", CREDENTIALS + "&number=-1&format=xml", {}),
    ("/edd-api/v2/sales/", CREDENTIALS, {"method": "HEAD"}),
    ("/edd-api/v2/sales/", CREDENTIALS, {"method": "OPTIONS"}),
    ("/edd-api/v2/sales/", CREDENTIALS, {"method": "DELETE"}),
    ("/edd-api/v2/sales/", "", {"method": "POST", "form": signed(PAIR)}),
    ("/edd-api/v2/sales/", CREDENTIALS, {"method": "POST", "form": {"token": "0"}}),
    ("/edd-api/v2/sales/", CREDENTIALS.replace("&", "&amp;"), {}),
    ("/edd-api/v2/sales/", CREDENTIALS.replace("=", "%3D").replace("&", "%26"), {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&token%3D{PAIR.token}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&token%253D{PAIR.token}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&number=5?token={PAIR.token}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&s=a%26token%3D{PAIR.token}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&s=a%2526token%253D{PAIR.token}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&TOKEN={PAIR.token}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&token[]={PAIR.token}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&token[a][b]={PAIR.token}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}& token={PAIR.token}", {}),
    ("/edd-api/v2/sales/", f"key={SECRET}&token={PAIR.token}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.token}&token={PAIR.token}", {}),
    ("/edd-api/v2/nonsense/", CREDENTIALS, {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&bearer={BEARER}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&s=x%2520{BEARER}", {}),
    ("/edd-api/v2/sales/", f"key={PAIR.public_key}&{BEARER}=1", {}),
    ("/edd-api/v9/sales/", CREDENTIALS, {}),
    ("/edd-api/sales&token=" + PAIR.token, CREDENTIALS, {}),
    ("/", f"edd-api=sales%26token={PAIR.token}&key={PAIR.public_key}", {}),
    ("/edd-api/v2/stats/", CREDENTIALS + "&type=sales&product=9", {}),
    ("/edd-api/v2/products/", CREDENTIALS, {}),
    (
        "/edd-api/v2/sales/",
        "",
        {
            "headers": {
                "Authorization": "Basic "
                + base64.b64encode(f"{PAIR.public_key}:{PAIR.token}".encode()).decode(),
                "Referer": "http://x",
            }
        },
    ),
]


def test_neither_token_nor_secret_is_kept_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    setup_settings(log_public_requests=True)
    setup_order(setup_product(), customer=setup_customer())
    for path, query, more in MIXED:
        ask(path, query, **more)
    request_log.flush()
    assert RequestLogEntry.objects.count() == len(MIXED)
    kept = "\n".join([*read_texts(), without_queries(caplog)])
    assert "format=xml" in kept
    for hidden in (PAIR.token, PAIR.token[8:], SECRET, BEARER):
        assert hidden not in kept


def test_a_known_key_is_kept_in_the_keys_table_alone() -> None:
    setup_settings(log_public_requests=True)
    for path, query, more in MIXED:
        ask(path, query, **more)
    request_log.flush()
    places = [text for text in read_texts() if PUBLIC_KEY in text]
    assert places == [PUBLIC_KEY]


def read_texts() -> list[str]:
    """Every text in every record of both databases."""
    texts = []
    for model in apps.get_models(include_auto_created=True):
        names = [
            field.name
            for field in model._meta.concrete_fields
            if isinstance(field, CharField | TextField | JSONField)
        ]
        for row in model._default_manager.values_list(*names) if names else ():
            texts += [str(value) for value in row]
    return texts


def without_queries(caplog: pytest.LogCaptureFixture) -> str:
    """What was logged but for the statements that Django tells at its most talkative, values included."""
    return "\n".join(
        caplog.handler.format(record) for record in caplog.records if record.name != "django.db.backends"
    )


# A log that can't be written


@pytest.fixture
def broken_logs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A switch: while it is on, the logs' database can't be reached."""
    write = log._write
    state: dict[str, type[Exception] | None] = {"error": OperationalError}

    def fail(lines: Any) -> None:
        if (error := state["error"]) is not None:
            raise error("gone")
        write(lines)

    monkeypatch.setattr(log, "_write", fail)
    return state


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, ProgrammingError])
def test_a_log_that_can_not_be_written_harms_no_answer_and_its_lines_wait(
    broken_logs: Any, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    broken_logs["error"] = error
    for page in (1, 2):
        assert ask("/edd-api/v2/sales/", signed(PAIR, page=page)).status == 200
        request_log.flush()
    assert RequestLogEntry.objects.count() == 0
    assert "The request log can't be written; 2 lines wait." in caplog.text
    broken_logs["error"] = None
    assert [line.question for line in read_lines()] == ["page=1", "page=2"]
    request_log.flush()
    assert RequestLogEntry.objects.count() == 2


def test_a_log_that_waits_too_long_keeps_the_oldest_lines_and_counts_the_rest(
    broken_logs: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log, "MOST_WAITING", 3)
    for page in range(1, 5):
        ask("/edd-api/v2/sales/", signed(PAIR, page=page))
    request_log.flush()
    ask("/edd-api/v2/sales/", signed(PAIR, page=5))
    broken_logs["error"] = None
    assert [line.question for line in read_lines()] == ["page=1", "page=2", "page=3"]
    assert "The request log dropped 2 lines." in caplog.text
    caplog.clear()
    ask("/edd-api/v2/sales/", signed(PAIR))
    request_log.flush()
    assert "dropped" not in caplog.text


def test_a_line_that_the_store_refuses_keeps_no_other_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write = log._write

    def refuse(lines: Any) -> None:
        if any(line.question == "page=2" for line in lines):
            raise DataError("no such character")
        write(lines)

    monkeypatch.setattr(log, "_write", refuse)
    for page in (1, 2, 3):
        ask("/edd-api/v2/sales/", signed(PAIR, page=page))
    assert [line.question for line in read_lines()] == ["page=1", "page=3"]
    assert "The request log dropped 1 lines." in caplog.text


def test_a_flush_without_lines_asks_the_store_nothing(
    broken_logs: Any, caplog: pytest.LogCaptureFixture
) -> None:
    request_log.flush()
    assert caplog.text == ""


def test_lines_are_written_in_one_go(django_assert_num_queries: Any) -> None:
    for page in range(1, 6):
        ask("/edd-api/v2/sales/", signed(PAIR, page=page))
    with django_assert_num_queries(3, using="logs"):  # a savepoint, the lines, its release
        request_log.flush()
    assert RequestLogEntry.objects.count() == 5
