"""`tillroll pull` as a user runs it: where key and token come from, what is printed, and that a pull that
was killed goes on."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.cli.running import COMMAND, DEADLINE, Shop, refusal
from tests.intake.remote.fake_shop import KEY, TOKEN, Asked, FakeShop, Said, open_fake_shop
from tests.intake.remote.serving import serve_this_shop

PAIR = {"TILLROLL_SHOP_KEY": KEY, "TILLROLL_SHOP_TOKEN": TOKEN}


@pytest.fixture
def fake_shop() -> Iterator[FakeShop]:
    with open_fake_shop() as shop:
        yield shop


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    file = tmp_path / "credentials"
    file.write_text(f"{KEY}\n{TOKEN}\n")
    return file


def test_a_shop_is_pulled_with_a_pair_of_the_environment(shop: Shop, fake_shop: FakeShop) -> None:
    fake_shop.sell(1, 2)
    done = shop.run("pull", f"{fake_shop.url}/", "--rate", "1000", **PAIR)
    assert done.returncode == 0, done.stderr
    assert shop.execute("SELECT id, total FROM shop_order ORDER BY id") == [(1, 20 * 10**9), (2, 20 * 10**9)]
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["Records"]
    assert any(line.split("│")[1:3] == [" orders             ", "     2 "] for line in lines if "│" in line)
    assert "Time zone UTC: by the sales' times, which are too few to tell summer time;" in done.stdout
    assert f"9 records of {fake_shop.url} (a WordPress with EDD) by" in lines[-1]
    for printed in (done.stdout, done.stderr):
        assert KEY not in printed
        assert TOKEN not in printed


def test_a_shop_is_pulled_with_a_pair_of_a_file(shop: Shop, fake_shop: FakeShop, credentials: Path) -> None:
    done = shop.run("pull", fake_shop.url, "--rate", "1000", "--credentials", str(credentials))
    assert done.returncode == 0, done.stderr
    assert shop.execute("SELECT id FROM shop_product") == [(7,)]


def test_a_pull_that_is_killed_goes_on_where_it_was(shop: Shop, fake_shop: FakeShop) -> None:
    fake_shop.sell(*range(1, 11))

    def hang(asked: Asked) -> Said | None:
        return Said(hangs=True) if asked.query.get("page") == "3" else None

    fake_shop.trouble = hang
    command = [*COMMAND, "pull", fake_shop.url, "--rate", "1000", "--number", "4"]
    process = subprocess.Popen(command, env={**shop.environment, **PAIR}, stderr=subprocess.DEVNULL)
    end = time.monotonic() + DEADLINE
    while (4, 3) not in fake_shop.list_asked("sales"):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(DEADLINE) == -signal.SIGKILL
    assert shop.execute("SELECT COUNT(*) FROM shop_order") == [(0,)]
    fake_shop.trouble = lambda _asked: None
    fake_shop.released.set()
    fake_shop.asked.clear()
    done = shop.run("pull", fake_shop.url, "--rate", "1000", "--number", "4", **PAIR)
    assert done.returncode == 0, done.stderr
    assert fake_shop.list_asked("sales") == [(4, 3), (4, 1)]
    assert shop.execute("SELECT COUNT(*) FROM shop_order") == [(10,)]


def test_one_tillroll_is_copied_into_another(shop: Shop, bare_home: Shop) -> None:
    filled = bare_home.run("demo", "--orders", "60")
    assert filled.returncode == 0, filled.stderr
    lines = (bare_home.home / "demo-credentials").read_text().splitlines()
    access = dict(line.split("=", 1) for line in lines if "=" in line)
    server = bare_home.serve()
    server.wait_until_ready()
    pair = {"TILLROLL_SHOP_KEY": access["public_key"], "TILLROLL_SHOP_TOKEN": access["token"]}
    done = shop.run("pull", server.url, "--rate", "1000", **pair)
    assert done.returncode == 0, done.stderr
    assert "(a Tillroll)" in done.stdout
    for question in (
        "SELECT id, type, status, total, SUBSTR(CAST(created_at AS TEXT), 1, 19) FROM shop_order ORDER BY id",
        "SELECT id, slug, sales FROM shop_product WHERE status = 'publish' ORDER BY id",
        "SELECT id, email, name, purchase_count FROM shop_customer ORDER BY id",
        "SELECT id, ip, file_name FROM shop_filedownload ORDER BY id",
    ):
        assert shop.execute(question) == bare_home.execute(question), question
    again = shop.run("pull", server.url, "--rate", "1000", **pair)
    assert again.returncode == 0, again.stderr


# Refusals


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("shop.example",), "A shop's address begins with https://, as in https://shop.example/."),
        (("https://shop.example", "--rate", "0"), "Invalid value for '--rate': 0.0 is not in the range"),
        (("https://shop.example", "--number", "0"), "Invalid value for '--number': 0 is not in the range"),
        (("https://shop.example", "--number", "many"), "Invalid value for '--number': 'many' is not a valid"),
        (("https://shop.example", "--timezone", "Mars"), "'Mars' is not a time zone: give a name such as"),
        (("https://shop.example", "--credentials", "/nowhere"), "Invalid value for '--credentials': File"),
        (("https://shop.example",), "Key and token are missing: set TILLROLL_SHOP_KEY and"),
        ((), "Missing argument 'ADDRESS'; see `tillroll pull --help`."),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], sentence: str, invoke: Invoke) -> None:
    assert invoke("pull", *arguments, code=2).stderr.startswith(sentence)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it has 0"),
        (b"key\n", "it has 1"),
        (b"key\ntoken\nmore\n", "it has 3"),
        (b"\xff\xfe\n", "is no text"),
        ("schlüssel\ntoken\n".encode(), "marks that no key has"),
    ],
)
def test_a_file_without_a_pair_is_refused(
    content: bytes, reason: str, invoke: Invoke, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    file.write_bytes(content)
    result = invoke("pull", "https://shop.example", "--credentials", str(file), code=2)
    assert reason in result.stderr


def test_what_can_not_be_pulled_is_refused_in_a_sentence(
    shop: Shop, fake_shop: FakeShop, tmp_path: Path
) -> None:
    fake_shop.trouble = lambda _asked: Said(200, b"<html>A blog</html>")
    assert refusal(shop.run("pull", fake_shop.url, "--rate", "1000", **PAIR)) == (
        f"{fake_shop.url} answers with no EDD API but with a web page (200); give the shop's home address,"
        " below which /edd-api/ is."
    )
    fake_shop.trouble = lambda _asked: Said(429, headers={"Retry-After": "7200"})
    assert refusal(shop.run("pull", fake_shop.url, "--rate", "1000", **PAIR)) == (
        f"{fake_shop.url[7:]} wants no more requests for 2.0 hours; come again then."
    )
    authority = tmp_path / "ca.pem"
    authority.write_text("none")
    assert refusal(shop.run("pull", fake_shop.url, "--tls-ca", str(authority), **PAIR)) == (
        f"{authority} holds no certificate of an authority (PEM) that can be read."
    )


@pytest.mark.django_db(transaction=True, databases=["default", "logs"])
def test_a_shop_can_not_pull_itself(invoke: Invoke) -> None:
    """Its records are its own already."""
    from tests.shops import setup_key, setup_order

    pair = setup_key()
    setup_order()
    with serve_this_shop() as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.SHOP_KEY", pair.public_key)
        patch.setattr("django.conf.settings.SHOP_TOKEN", pair.token)
        result = invoke("pull", url, "--rate", "1000", code=2)
    assert "is here already and is not from this source" in result.stderr
