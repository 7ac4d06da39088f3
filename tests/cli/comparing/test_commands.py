"""`compare` and `doctor --shop` before a recorded EDD, and before sites that are none."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.test import override_settings
from urllib3 import HTTPHeaderDict

from tests.cli.comparing.replayed import OWNER, Recorded, Send, serve
from tests.cli.conftest import Invoke
from tests.shops import setup_settings
from tillroll.cli.comparing import sides
from tillroll.cli.comparing.questions import Question, ask
from tillroll.cli.comparing.sides import Remote, read_base
from tillroll.cli.credentials import read_credentials
from tillroll.cli.refusals import Refusal
from tillroll.intake.remote.credentials import Credentials

NOW = datetime(2026, 2, 3, 3, 30, tzinfo=UTC)
FAST = ("--rate", "1000")

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


@pytest.fixture(autouse=True)
def pair() -> Iterator[None]:
    with override_settings(SHOP_KEY=OWNER.key, SHOP_TOKEN=OWNER.token):
        yield


@pytest.fixture
def edd(imported_shop: None) -> Iterator[Recorded]:
    with time_machine.travel(NOW, tick=False):
        yield Recorded(NOW)


def refusal(invoke: Invoke, *arguments: str) -> str:
    said = invoke(*arguments, code=2).stderr.strip()
    assert OWNER.token not in said
    return str(said)


def test_a_recorded_edd_differs_only_as_it_should(invoke: Invoke, edd: Recorded) -> None:
    with serve(edd.send) as url:
        result = invoke("doctor", "--shop", url, *FAST)
    assert edd.answered > 40
    assert "unexplained: /" not in result.stdout
    assert result.stdout.rstrip().endswith("nothing is unexplained.")
    assert "explained: /edd-api/v2/stats/\n  reason: What is shown: `stats` without `type`" in result.stdout
    assert re.search(r"^stats +\d+ +\d+ +[1-9]\d* +0 *$", result.stdout, re.M)
    assert OWNER.token not in result.output
    assert OWNER.key not in result.output


def test_another_dialect_is_said(invoke: Invoke, edd: Recorded) -> None:
    setup_settings(dialect="documented")
    with serve(edd.send) as url:
        result = invoke("doctor", "--shop", url, *FAST, code=1)
    assert result.stderr.startswith("This shop speaks the dialect documented, and EDD 3 speaks edd3")


def test_a_wrong_sum_is_found(invoke: Invoke, edd: Recorded, tmp_path: Path) -> None:
    wrong = stats_question()

    def send(question: Question) -> tuple[int, bytes, str]:
        status, content, right = edd.send(question)
        if question == wrong:
            content = re.sub(rb'("this_year": *)(\d+)', rb"\g<1>123", content)
        return status, content, right

    page, markdown = tmp_path / "report.html", tmp_path / "report.md"
    with serve(send) as url:
        result = invoke("doctor", "--shop", url, *FAST, code=1)
        assert f"unexplained: {wrong.address}\n  sales.this_year: the shop 123, Tillroll " in result.stdout
        assert "1 is unexplained." in result.stdout
        told = json.loads(invoke("compare", url, *FAST, "--output", str(page), "--json", code=1).stdout)
        invoke("compare", url, *FAST, "--output", str(markdown), code=1)
    assert told["counts"]["unexplained"] == told["endpoints"]["stats"]["unexplained"] == 1
    first = told["differing"][0]
    assert (first["question"], first["verdict"], first["reasons"]) == (wrong.address, "unexplained", [])
    assert first["differences"][0]["path"] == "sales.this_year"
    assert first["differences"][0]["theirs"] == 123
    for report in (page, markdown):
        text = report.read_text("utf-8")
        assert report.stat().st_mode & 0o777 == 0o600
        assert "1 is unexplained." in text
        assert "Asked on 2026-02-03 at 03:30 UTC" in text
        assert "sales.this_year" in text
        assert OWNER.token not in text
        assert OWNER.key not in text
    assert 'class="number bad">1</td>' in page.read_text("utf-8")
    assert "<script" not in page.read_text("utf-8")


def stats_question() -> Question:
    return ask("stats", type="sales", date="this_year")


def test_what_a_shop_says_is_text_in_the_report(tmp_path: Path, invoke: Invoke, edd: Recorded) -> None:
    def send(question: Question) -> tuple[int, bytes, str]:
        if question == stats_question():
            return (
                200,
                json.dumps({"sales": {"<img src=x>|`": "</style><script>alert(1)</script>"}}).encode(),
                "",
            )
        return edd.send(question)

    with serve(send) as url:
        for name in ("report.html", "report.md"):
            invoke("compare", url, *FAST, "--output", str(tmp_path / name), code=1)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "&lt;/style&gt;&lt;script&gt;alert(1)" in page
    assert page.count("<script") == page.count("<img") == 0
    assert "`sales.<img src=x>\\|'`" in (tmp_path / "report.md").read_text("utf-8")


def test_no_name_or_value_of_a_shop_steers_the_terminal(
    tmp_path: Path, invoke: Invoke, edd: Recorded
) -> None:
    def send(question: Question) -> tuple[int, bytes, str]:
        if question == stats_question():
            return 200, json.dumps({"sales": {"a\x1b[2J\n\x9b\ud800": "b\x7f\u202e"}}).encode(), ""
        return edd.send(question)

    report = tmp_path / "report.md"
    with serve(send) as url:
        shown = invoke("compare", url, *FAST, "--output", str(report), code=1).stdout
        as_json = invoke("compare", url, *FAST, "--json", code=1).stdout
    path, value = "sales.a\\u001b[2J\\u000a\\u009b\\ud800", '"b\\u007f\\u202e"'
    assert f"  {path}: the shop {value}, Tillroll (absent)\n" in shown
    assert f"`{path}` | `{value}` | `(absent)` |" in report.read_text("utf-8")
    for text in (shown, as_json, report.read_text("utf-8")):
        assert all(line.isprintable() for line in text.split("\n"))
    first = json.loads(as_json)["differing"][0]["differences"][0]
    assert (first["path"], first["theirs"]) == ("sales.a\x1b[2J\n\x9b\ud800", "b\x7f\u202e")


def test_a_report_that_can_not_be_written_is_said_before_anything_is_asked(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder.md").mkdir()
    nobody = "http://127.0.0.1:9"
    said = refusal(invoke, "compare", nobody, "--output", str(tmp_path / "folder.md"))
    assert said == f"{tmp_path}/folder.md is a folder; name a file for the report."
    said = refusal(invoke, "compare", nobody, "--output", "/proc/report.md")
    assert said.startswith("The report can't be written to /proc: ")
    (tmp_path / "report.md").write_text("kept")
    said = refusal(invoke, "compare", nobody, "--output", str(tmp_path / "report.md"))
    assert said == f"{nobody} can't be asked: nothing listens there."
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder.md", "report.md"]
    assert (tmp_path / "report.md").read_text() == "kept"


# What is no EDD, or can't be asked


def say(status: int, content: bytes) -> Send:
    return lambda _question: (status, content, "")


@pytest.mark.parametrize(
    ("send", "sentence"),
    [
        (say(404, b"<html>No</html>"), "No EDD API answers at {url} (status 404); is the address right"),
        (say(200, b"<html>A shop</html>"), "No EDD API answers at {url} (status 200); is the address right"),
        (say(200, b'{"products": [{"info"'), "{url} answers with broken JSON; look at its answer to "),
        (say(503, b""), "{url} is too busy (status 503); try again later, or --rate 1."),
    ],
    ids=["no page", "a page", "broken", "busy"],
)  # fmt: skip
def test_what_is_no_edd_ends_in_a_sentence(
    invoke: Invoke, send: Send, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sides, "LONGEST_WAIT", 0.0)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with ExitStack() as running:
        url = running.enter_context(serve(send))
        assert refusal(invoke, "doctor", "--shop", url, *FAST).startswith(sentence.format(url=url))


def test_a_key_that_is_not_known_ends_in_a_sentence(invoke: Invoke, edd: Recorded) -> None:
    with serve(edd.send) as url, override_settings(SHOP_TOKEN="f" * 32):
        said = refusal(invoke, "compare", url, *FAST)
    assert said == f"{url} refuses key and token: Your request could not be authenticated!"


def test_nothing_that_listens_ends_in_a_sentence(invoke: Invoke) -> None:
    assert refusal(invoke, "compare", "http://127.0.0.1:9") == (
        "http://127.0.0.1:9 can't be asked: nothing listens there."
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("compare", "shop.example"), "URL must begin with https:// and name a host"),
        (("compare", "ftp://shop.example"), "URL must begin with https:// and name a host"),
        (("compare", "http://shop.example"), "URL must begin with https://; over http others could read"),
        (("doctor", "--shop", "https://me:pass@shop.example"), "--shop must not hold a name or password"),
        (("doctor", "--shop", "https://shop.example:x"), "--shop is no address; one looks like"),
        (("doctor", "--shop", "https://shop.example", "--deep"), "--shop compares answers, and goes with"),
        (
            ("doctor", "--here", "https://shop.example"),
            "--here, --credentials and --rate are for a comparison",
        ),
        (("doctor", "--rate", "4"), "--here, --credentials and --rate are for a comparison"),
        (("compare", "http://127.0.0.1:9", "--output", "report.pdf"), "report.pdf must end in .html, .md or"),
        (("compare", "http://127.0.0.1:9", "--output", "no/such.md"), "There is no folder "),
    ],
)
def test_bad_input_ends_in_a_sentence(invoke: Invoke, arguments: tuple[str, ...], sentence: str) -> None:
    said = refusal(invoke, *arguments)
    assert said.startswith(sentence)
    assert "pass" not in said.partition("password")[0]


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example/", "https://shop.example"),
        ("https://shop.example/edd-api/v2/", "https://shop.example"),
        ("https://shop.example/blog/edd-api", "https://shop.example/blog"),
        ("https://shop.example/index.php/edd-api/", "https://shop.example"),
        ("http://[::1]:8080/shop/?a=b", "http://[::1]:8080/shop"),
    ],
)
def test_a_site_and_its_api_are_the_same_address(address: str, base: str) -> None:
    assert read_base(address, "URL") == base


def test_key_and_token_come_from_a_file_and_are_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "pair"
    file.write_text("a-key\na-token\n")
    assert read_credentials(file) == Credentials("a-key", "a-token")
    assert repr(read_credentials(file)) == "Credentials()"
    for content, sentence in (
        (b"a-key\n", "must have two lines, the key and its token; it has 1."),
        (b"\xff\xfe\n", "is no text"),
        ("kéy\ntoken\n".encode(), "has blanks or marks that no key has"),
    ):
        file.write_bytes(content)
        with pytest.raises(Refusal, match=sentence):
            read_credentials(file)
    with (
        override_settings(SHOP_TOKEN=""),
        pytest.raises(Refusal, match="TILLROLL_SHOP_KEY and TILLROLL_SHOP_TOKEN"),
    ):
        read_credentials(None)


def test_credentials_go_in_a_form_and_never_in_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str]] = []
    remote = Remote("http://127.0.0.1:9", Credentials("k1", "t1"), 1000, option="URL")

    def send(url: str, form: str) -> sides._Reply:
        sent.append((url, form))
        raise Refusal("enough")

    monkeypatch.setattr(remote, "_send_once", send)
    for question in (ask("sales", number="2"), ask("sales", pair="none"), ask("sales", pair="wrong")):
        with pytest.raises(Refusal, match="enough"):
            remote.ask(question)
    assert sent == [
        ("http://127.0.0.1:9/edd-api/v2/sales/?number=2", "key=k1&token=t1"),
        ("http://127.0.0.1:9/edd-api/v2/sales/", ""),
        ("http://127.0.0.1:9/edd-api/v2/sales/", f"key=k1&token={'0' * 32}"),
    ]


def test_requests_are_never_closer_than_the_rate_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        now[0] += seconds

    with serve(say(200, b'{"products": []}')) as url:
        remote = Remote(url, OWNER, 4, option="URL", sleep=sleep, clock=lambda: now[0])
        for _ in range(3):
            remote.ask(ask("products"))
            now[0] += 0.1
    assert slept == [0.15, 0.15]


@pytest.mark.parametrize(
    ("told", "slept"), [("7", [7.0]), ("²", [1.0]), ("soon", [1.0]), ("9" * 400, [30.0])]
)
def test_what_is_busy_is_asked_again_after_as_long_as_it_says_in_digits(
    told: str, slept: list[float]
) -> None:
    waits: list[float] = []
    replies = [
        sides._Reply(503, HTTPHeaderDict({"Retry-After": told}), b""),
        sides._Reply(200, HTTPHeaderDict(), b"{}"),
    ]
    remote = Remote("http://127.0.0.1:9", OWNER, 1000, option="URL", sleep=waits.append)
    remote._send_once = lambda url, form: replies.pop(0)  # type: ignore[method-assign]
    assert remote.ask(ask("sales")).status == 200
    assert waits == slept


def test_a_shop_with_plain_permalinks_is_found_by_its_query() -> None:
    asked = []

    class Plain:
        def __call__(self, url: str, form: str) -> sides._Reply:
            asked.append(url)
            is_plain = "/?edd-api=v2%2Fproducts" in url
            content = b'{"products": []}' if is_plain else b"<html>"
            return sides._Reply(200 if is_plain else 404, HTTPHeaderDict(), content)

    remote = Remote("http://127.0.0.1:9/shop", OWNER, 1000, option="URL")
    remote._send_once = Plain()  # type: ignore[method-assign]
    remote.find()
    remote.ask(ask("sales", number="2"))
    assert asked == [
        "http://127.0.0.1:9/shop/edd-api/v2/products/?number=1",
        "http://127.0.0.1:9/shop/?edd-api=v2%2Fproducts&number=1",
        "http://127.0.0.1:9/shop/?edd-api=v2%2Fsales&number=2",
    ]


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("https://www.shop.example/edd-api/", "https://shop.example sends on to https://www.shop.example;"),
        ("/login", "No EDD API answers at https://shop.example \\(status 302\\)"),
    ],
)
def test_key_and_token_are_not_carried_to_another_site(location: str, sentence: str) -> None:
    sent = []

    def send(_url: str, form: str) -> sides._Reply:
        sent.append(form)
        return sides._Reply(302, HTTPHeaderDict({"Location": location}), b"")

    remote = Remote("https://shop.example", OWNER, 1000, option="URL")
    remote._send_once = send  # type: ignore[assignment,method-assign]
    with pytest.raises(Refusal, match=sentence):
        remote.find()
    assert set(sent) == {""}
