"""Methods, bodies, formats and headers ([3.6] 1.5 and 1.6, [CONTRACT] Formats and Requests)."""

from xml.etree import ElementTree

import pytest

from tests.asking import Reply, ask
from tests.shops import setup_customer, setup_key, setup_product, setup_settings, signed
from tillroll.eddapi.request import LARGEST_FORM

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PRODUCTS = "/edd-api/v2/products/"
CUSTOMERS = "/edd-api/v2/customers/"
ALL_METHODS = "GET, HEAD, POST, OPTIONS"


# Methods


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "PURGE"])
def test_another_method_is_refused_and_the_accepted_ones_are_named(method: str) -> None:
    reply = ask(PRODUCTS, method=method)
    assert (reply.status, reply.data) == (405, {"error": "Method not allowed!"})
    assert reply.headers["allow"] == ALL_METHODS


def test_head_has_the_headers_of_get_and_no_body() -> None:
    for _ in range(3):
        setup_product()
    got, head = (ask(PRODUCTS, {"number": 2}, method=method) for method in ("GET", "HEAD"))
    assert head.status == 200
    assert head.content == b""
    assert int(head.headers["content-length"]) == pytest.approx(
        len(got.content), abs=15
    )  # the speed's digits
    varying = {"content-length"}
    assert {k: v for k, v in head.headers.items() if k not in varying} == {
        k: v for k, v in got.headers.items() if k not in varying
    }
    assert head.headers["x-edd-total"] == "3"


def test_head_of_a_refused_request_has_its_status_and_no_body() -> None:
    reply = ask(CUSTOMERS, method="HEAD")
    assert (reply.status, reply.content) == (401, b"")


def test_options_answers_without_a_body() -> None:
    reply = ask(CUSTOMERS, method="OPTIONS")
    assert (reply.status, reply.content) == (204, b"")
    assert reply.headers["allow"] == ALL_METHODS
    assert not [name for name in reply.headers if name.startswith("access-control")]
    assert "content-type" not in reply.headers


# Origins


ORIGIN = "https://app.example"


def test_no_origin_is_allowed_in_a_new_shop() -> None:
    for method in ("GET", "OPTIONS"):
        reply = ask(PRODUCTS, method=method, headers={"Origin": ORIGIN})
        assert not [name for name in reply.headers if name.startswith("access-control")]


def test_an_allowed_origin_may_read_the_answer_and_its_headers() -> None:
    setup_settings(cors_origins=[ORIGIN])
    reply = ask(PRODUCTS, headers={"Origin": ORIGIN})
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert reply.headers["access-control-expose-headers"] == (
        "ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-EDD-Cursor, X-EDD-Total, X-EDD-Total-Pages,"
        " X-EDD-Missing-Capability, X-Tillroll-Mirror-Age, X-Tillroll-Mirror-Round"
    )
    assert reply.headers["vary"] == "Origin"
    assert "access-control-allow-methods" not in reply.headers
    assert "access-control-allow-credentials" not in reply.headers


def test_an_allowed_origins_preflight_names_methods_and_headers() -> None:
    setup_settings(cors_origins=[ORIGIN])
    reply = ask(PRODUCTS, method="OPTIONS", headers={"Origin": ORIGIN})
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert reply.headers["access-control-allow-methods"] == ALL_METHODS
    assert reply.headers["access-control-allow-headers"] == "Authorization, Content-Type, If-None-Match"
    assert reply.headers["access-control-max-age"] == "86400"


@pytest.mark.parametrize("origin", ["https://app.example.evil.example", "http://app.example", "null", "*"])
def test_another_origin_is_not_allowed(origin: str) -> None:
    setup_settings(cors_origins=[ORIGIN])
    reply = ask(PRODUCTS, headers={"Origin": origin})
    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize(("path", "status"), [("/edd-api/v9/x/", 404), (CUSTOMERS, 401)])
def test_an_allowed_origin_may_read_errors_too(path: str, status: int) -> None:
    setup_settings(cors_origins=[ORIGIN])
    reply = ask(path, headers={"Origin": ORIGIN})
    assert reply.status == status
    assert reply.headers["access-control-allow-origin"] == ORIGIN


# Bodies


def test_a_urlencoded_form_asks_as_a_query_does() -> None:
    setup_customer("ann@example.com")
    setup_customer("bob@example.com")
    reply = ask(CUSTOMERS, method="POST", form=signed(setup_key(), customer="ann@example.com"))
    assert [each["info"]["email"] for each in reply.data["customers"]] == ["ann@example.com"]


def test_a_multipart_form_asks_as_a_query_does() -> None:
    setup_customer("ann@example.com")
    setup_customer("bob@example.com")
    parts = {name: str(value) for name, value in signed(setup_key(), customer="ann@example.com").items()}
    body = "".join(
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    body += "--edge--\r\n"
    reply = ask(
        CUSTOMERS, method="POST", body=body.encode(), content_type="multipart/form-data; boundary=edge"
    )
    assert [each["info"]["email"] for each in reply.data["customers"]] == ["ann@example.com"]


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=ä"],
)
def test_a_broken_multipart_form_is_refused(content_type: str) -> None:
    reply = ask(CUSTOMERS, method="POST", body=b"--edge\r\nno form", content_type=content_type)
    assert (reply.status, reply.data) == (400, {"error": "The form can't be read!"})


def test_a_json_body_is_ignored() -> None:
    pair = setup_key()
    body = f'{{"key": "{pair.public_key}", "token": "{pair.token}"}}'.encode()
    reply = ask(CUSTOMERS, method="POST", body=body, content_type="application/json")
    assert reply.status == 401


def test_the_body_of_a_get_is_ignored() -> None:
    reply = ask(CUSTOMERS, method="GET", form=signed(setup_key()))
    assert reply.status == 401


def test_a_form_may_carry_the_question_and_the_query_the_credentials() -> None:
    setup_customer()
    setup_customer()
    reply = ask(CUSTOMERS, signed(setup_key()), method="POST", form={"number": 1})
    assert len(reply.data["customers"]) == 1


def test_a_parameter_that_both_agree_about_is_accepted() -> None:
    pair = setup_key()
    assert ask(CUSTOMERS, signed(pair), method="POST", form=signed(pair)).status == 200


def test_a_parameter_that_they_disagree_about_is_refused_by_its_name_alone() -> None:
    pair = setup_key()
    reply = ask(CUSTOMERS, signed(pair), method="POST", form={"token": "0" * 32})
    assert reply.status == 400
    assert reply.data == {"error": "The parameter token has different values in the query and in the form!"}


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=e"]
)
def test_a_form_that_is_too_large_is_refused(content_type: str) -> None:
    reply = ask(PRODUCTS, method="POST", body=b"a" * (LARGEST_FORM + 1), content_type=content_type)
    assert reply.status == 400
    assert reply.data == {"error": "The form is too large: 1000000 bytes are accepted!"}


def test_the_largest_form_is_read() -> None:
    body = b"s=nothing-of-that-name&x=" + b"a" * (LARGEST_FORM - 25)
    assert len(body) == LARGEST_FORM
    setup_product()
    reply = ask(PRODUCTS, method="POST", body=body, content_type="application/x-www-form-urlencoded")
    assert (reply.status, reply.data["products"]) == (200, [])


# Formats


@pytest.mark.parametrize("query", ["", "format=", "format=json"])
def test_json_is_sent_without_a_charset(query: str) -> None:
    reply = ask(PRODUCTS, query)
    assert reply.headers["content-type"] == "application/json"
    assert reply.content.startswith(b'{"products":[],"request_speed":')


def test_xml_is_sent_with_its_charset() -> None:
    reply = ask(PRODUCTS, "format=xml")
    assert reply.headers["content-type"] == "application/xml; charset=UTF-8"
    head, _, rest = reply.content.partition(b"\n")
    assert head == b'<?xml version="1.0" encoding="UTF-8"?>'
    assert rest.startswith(b"<edd><products></products><request_speed>")
    assert rest.endswith(b"</request_speed></edd>")


@pytest.mark.parametrize("value", ["XML", "yaml", "JSON", "json ", "0", "jsonp", "xml,json"])
def test_another_format_is_refused_as_json(value: str) -> None:
    reply = ask(PRODUCTS, {"format": value})
    assert (reply.status, reply.data) == (400, {"error": "Invalid format!"})
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/edd-api/v9/sales/", 404, "Invalid API version!"),
        ("/edd-api/v2/nonsense/", 400, "Invalid query!"),
        (CUSTOMERS, 401, "You must specify both a token and API key!"),
    ],
)
def test_a_gates_error_comes_in_the_format_asked_for(path: str, status: int, error: str) -> None:
    reply = ask(path, "format=xml")
    assert reply.status == status
    assert reply.headers["content-type"] == "application/xml; charset=UTF-8"
    assert [(each.tag, each.text) for each in parse(reply)] == [("error", error)]


def parse(reply: Reply) -> ElementTree.Element:
    return ElementTree.fromstring(reply.content)  # noqa: S314 (our own answer)


def test_pretty_indents_json_by_four() -> None:
    reply = ask(PRODUCTS, "pretty=1")
    assert reply.content.startswith(b'{\n    "products": [],\n    "request_speed": ')
    assert reply.content.endswith(b"\n}")


@pytest.mark.parametrize("value", ["", "0", "true", "2"])
def test_anything_but_1_is_not_pretty(value: str) -> None:
    assert b"\n" not in ask(PRODUCTS, {"pretty": value}).content


def test_pretty_says_nothing_to_xml() -> None:
    assert ask(PRODUCTS, "pretty=1&format=xml").content.count(b"\n") == 1


# Every answer


@pytest.mark.parametrize("path", [PRODUCTS, CUSTOMERS, "/edd-api/", "/edd-api/v9/sales/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT"])
def test_no_answer_is_kept_by_anyone_but_the_client(path: str, method: str) -> None:
    assert ask(path, method=method).headers["cache-control"] == "private, no-cache"


def test_the_length_is_that_of_the_body() -> None:
    reply = ask(PRODUCTS)
    assert int(reply.headers["content-length"]) == len(reply.content)


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"customer": "99"},
        {"customer": "nobody"},
        {"number": "5", "page": "9"},
    ],
)
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_the_speed_is_the_last_member_of_every_answer_of_an_endpoint(
    question: dict[str, str], fmt: str
) -> None:
    reply = ask(CUSTOMERS, signed(setup_key(), format=fmt, **question))
    assert reply.status == 200
    if fmt == "json":
        assert list(reply.data)[-1] == "request_speed"
        assert isinstance(reply.data["request_speed"], float)
        assert 0 < reply.data["request_speed"] < 60
    else:
        last = parse(reply)[-1]
        assert last.tag == "request_speed"
        assert 0 < float(last.text or "") < 60


@pytest.mark.parametrize(
    ("path", "method", "query"),
    [
        ("/edd-api/v9/sales/", "GET", ""),
        ("/edd-api/nonsense/", "GET", ""),
        (CUSTOMERS, "GET", ""),
        (CUSTOMERS, "GET", "key=0&token=0"),
        (PRODUCTS, "PUT", ""),
        (PRODUCTS, "GET", "format=yaml"),
        (PRODUCTS, "GET", "number=x"),
    ],
)
def test_a_gates_error_is_one_member_without_the_speed(path: str, method: str, query: str) -> None:
    reply = ask(path, query, method=method)
    assert reply.status >= 400
    assert list(reply.data) == ["error"]


def test_a_store_that_is_away_answers_503_and_says_when_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from django.db import OperationalError

    from tillroll.eddapi import revisions

    def fail(_run: object) -> dict[str, int]:
        raise OperationalError("no route to host")

    monkeypatch.setattr(revisions, "list_revisions", fail)
    reply = ask(PRODUCTS)
    assert (reply.status, reply.data) == (503, {"error": "The shop's records can't be reached!"})
    assert reply.headers["retry-after"] == "5"
    assert reply.headers["content-type"] == "application/json"
