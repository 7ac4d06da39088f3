"""A shop in SQLite is copied to PostgreSQL whole and exactly, or nothing is."""

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.test import override_settings

from tests.cli.running import Shop, make_environment, refusal
from tests.cli.whole_shop import list_questions
from tests.conftest import STORE
from tillroll.cli.move import _describe, _get_address

pytestmark = pytest.mark.skipif(STORE != "postgresql", reason="It moves to a PostgreSQL.")

NewDatabase = Callable[..., str]

ODD = "Ünïcode 日本 💿 \t \\N \\x \r\n 'q' \"d\" {a,b} \x01 %s"
"""What a text can hold that COPY, SQL or JSON write in a way of their own."""

_SHOP_TABLES = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
"""

COUNT = "SELECT COUNT(*) FROM {}"
TABLES = """
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('sqlite_sequence', 'django_migrations')
"""
LAST_NUMBER = "SELECT seq FROM sqlite_sequence WHERE name = '{}'"
NEXT_NUMBER = "SELECT nextval(pg_get_serial_sequence('{}', 'id'))"


@dataclass(frozen=True)
class Move:
    """A shop before and after, and what the command said."""

    before: Shop
    after: Shop
    said: str
    rows: int
    hashes: tuple[dict[str, str], dict[str, str]]


def read_whole(shop: Shop, what: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.whole_shop", what],
        env=shop.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def hash_files(shop: Shop) -> dict[str, str]:
    """Of the databases, once their write-ahead logs are folded into them."""
    hashes = {}
    for name in ("tillroll.sqlite3", "logs.sqlite3"):
        with closing(sqlite3.connect(shop.home / name)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        hashes[name] = hashlib.sha256((shop.home / name).read_bytes()).hexdigest()
    return hashes


def spoil(shop: Shop, *statements: tuple[str, tuple[object, ...]], file: str = "tillroll.sqlite3") -> None:
    with closing(sqlite3.connect(shop.home / file)) as database, database:
        for statement, values in statements:
            assert database.execute(statement, values).rowcount > 0, statement


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A demo shop in SQLite with a request log, and with what is hard to carry."""
    home = tmp_path_factory.mktemp("source") / "home"
    shop = Shop(home, make_environment(home))
    done = shop.run("demo", "--orders", "120")
    assert done.returncode == 0, done.stderr
    spoil(
        shop,
        ("UPDATE shop_ordernote SET content = ? WHERE id = (SELECT MIN(id) FROM shop_ordernote)", (ODD,)),
        ("UPDATE shop_customer SET name = ?, email = 'Odd@Example.com' WHERE id = 7", (ODD,)),
        ("UPDATE shop_productfile SET extra = ? WHERE id = (SELECT MIN(id) FROM shop_productfile)",
         ('{"a": {"\\u00e9": "\\\\N \\t 💿"}, "z": [1, 2.5, null, true]}',)),
        ("UPDATE shop_product SET title_key = ? WHERE id = 1", (bytes(range(256)),)),
        ("UPDATE shop_order SET modified_at = '2024-02-29 23:59:59.999999' WHERE id = 5", ()),
        ("UPDATE shop_order SET completed_at = NULL, total = -999999999999999999 WHERE id = 6", ()),
        ("UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'shop_discount'", ()),
    )  # fmt: skip
    spoil(
        shop,
        ("INSERT INTO access_requestlogentry (at, user_id, user_name, key_label, key_start, version,"
         " endpoint, question, status, error, address, milliseconds, size)"
         " VALUES ('2026-11-01 00:00:00.000001', 0, ?, '', '', 'v2', 'sales', ?, 200, '', '', 0.1, 12)",
         (ODD, "a=\0&b=\0")),
        ("INSERT INTO access_counter (subject, period, used) VALUES ('key:1', '2026-11', 9000000000)", ()),
        ("INSERT INTO axes_accessattempt (username, ip_address, user_agent, http_accept, path_info,"
         " attempt_time, get_data, post_data, failures_since_start) VALUES"
         " ('ada', '2001:db8::7', '', '', '', '2026-11-01 00:00:00', '', '', 3),"
         " ('ben', '203.0.113.9', '', '', '', '2026-11-01 00:00:00', '', '', 1),"
         " (NULL, NULL, '', '', '', '2026-11-01 00:00:00', '', '', 1)", ()),
        file="logs.sqlite3",
    )  # fmt: skip
    return shop


@pytest.fixture(scope="module")
def moved(source: Shop, new_database: NewDatabase) -> Move:
    urls = new_database(), new_database()
    hashes = hash_files(source)
    rows = sum(
        source.execute(COUNT.format(table), alias)[0][0]
        for alias in ("default", "logs")
        for (table,) in source.execute(TABLES, alias)
    )
    done = source.run("move", "--to", urls[0], "--logs-to", urls[1])
    assert done.returncode == 0, done.stderr
    target = {"TILLROLL_DATABASE_URL": urls[0], "TILLROLL_LOGS_URL": urls[1]}
    after = Shop(source.home, {**source.environment, **target})
    return Move(source, after, done.stdout, rows, (hashes, hash_files(source)))


@pytest.fixture
def copied(source: Shop, tmp_path: Path) -> Iterator[Shop]:
    """A shop in SQLite that a test may change."""
    for name in ("tillroll.sqlite3", "logs.sqlite3"):
        with (
            closing(sqlite3.connect(source.home / name)) as whole,
            closing(sqlite3.connect(tmp_path / name)) as copy,
        ):
            whole.backup(copy)
    shop = Shop(tmp_path, make_environment(tmp_path))
    yield shop
    shop.close()


def test_every_value_of_every_table_comes_over_exactly_but_for_nul(moved: Move) -> None:
    before, after = read_whole(moved.before, "rows"), read_whole(moved.after, "rows")
    assert len(before) > 1_000
    [number] = [number for number, line in enumerate(before) if r"a=\x00" in line]
    before[number] = before[number].replace(r"\x00", "")
    assert after == before


def test_the_api_answers_the_same_before_and_after(moved: Move) -> None:
    before = read_whole(moved.before, "answers")
    assert len(before) == len(list_questions())
    assert sum(" 200 " in line for line in before) > len(before) * 0.9
    assert read_whole(moved.after, "answers") == before


def test_new_records_get_numbers_that_no_record_had(moved: Move) -> None:
    url = moved.after.environment["TILLROLL_DATABASE_URL"]
    for table in ("shop_discount", "shop_order", "access_user"):
        [(last,)] = moved.before.execute(LAST_NUMBER.format(table))
        [(given,)] = query(url, NEXT_NUMBER.format(table))
        assert given == last + 1
    assert moved.before.execute(LAST_NUMBER.format("shop_discount")) == [(5000,)]


@pytest.mark.parametrize("variable", ["TILLROLL_DATABASE_URL", "TILLROLL_LOGS_URL"])
def test_indexes_and_references_are_those_of_a_migrated_database(
    moved: Move, migrated: Shop, variable: str
) -> None:
    indexes = (  # their conditions are written in another way where a definition was read back
        "SELECT indexrelid::regclass::text, indrelid::regclass::text, indkey, indoption, indclass,"
        " indisunique, indnkeyatts, indpred IS NULL FROM pg_index"
        " WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) ORDER BY 1"
    )
    constraints = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), condeferrable, condeferred,"
        " convalidated FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
    )
    for statement in (indexes, constraints):
        found = query(moved.after.environment[variable], statement)
        assert len(found) > 4
        assert found == query(migrated.environment[variable], statement)


def test_it_says_what_was_copied_and_what_to_set(moved: Move) -> None:
    first, nul, advice, records, logs, last = moved.said.splitlines()
    assert first.startswith(f"Copied {moved.rows:,} rows of 58 tables in ")
    assert first.endswith(" s; all counts and sums agree.")
    assert nul == ("PostgreSQL can't keep the character NUL: 2 left out of access_requestlogentry.question.")
    assert advice == "Set these, with the password or without, and start the server:"
    assert records == f"  TILLROLL_DATABASE_URL={moved.after.environment['TILLROLL_DATABASE_URL']}"
    assert logs == f"  TILLROLL_LOGS_URL={moved.after.environment['TILLROLL_LOGS_URL']}"
    home = moved.before.home
    assert last == f"Nothing was changed in {home / 'tillroll.sqlite3'} and {home / 'logs.sqlite3'}."


def test_the_files_stay_as_they_were(moved: Move) -> None:
    before, after = moved.hashes
    assert after == before


def test_the_moved_shop_is_fine_in_the_doctors_eyes(moved: Move) -> None:
    done = moved.after.run("doctor")
    assert "wrong" not in done.stdout
    assert done.returncode == 0


def test_a_value_that_does_not_fit_leaves_both_targets_as_they_were(
    copied: Shop, new_database: NewDatabase
) -> None:
    spoil(copied, ("UPDATE access_requestlogentry SET version = ?", ("v" * 33,)), file="logs.sqlite3")
    urls = new_database(), new_database()
    said = refusal(copied.run("move", "--to", urls[0], "--logs-to", urls[1]))
    assert said == (
        "The target can't take the shop: value too long for type character varying(32)"
        " (COPY access_requestlogentry, line 1, column version)."
    )
    assert [query(url, _SHOP_TABLES) for url in urls] == [[], []]


def test_a_target_that_was_migrated_before_is_empty_still(copied: Shop, new_database: NewDatabase) -> None:
    url = new_database()
    assert copied.run("migrate", TILLROLL_DATABASE_URL=url).returncode == 0
    done = copied.run("move", "--to", url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == (
        "The request log, the counters and the sessions stay where they are."
    )
    [(orders,)] = query(url, "SELECT COUNT(*) FROM shop_order")
    assert [(orders,)] == copied.execute("SELECT COUNT(*) FROM shop_order")
    assert refusal(copied.run("move", "--to", url)) == (
        "The target has records already (in its table access_apikey); give it an empty one: createdb NAME."
    )
    assert query(url, "SELECT COUNT(*) FROM shop_order") == [(orders,)]


def test_a_target_that_is_somebody_elses_is_refused(copied: Shop, new_database: NewDatabase) -> None:
    url = new_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE theirs (id int)")
    assert refusal(copied.run("move", "--to", url)) == (
        "The target holds something else already (its table theirs); give it an empty one: createdb NAME."
    )
    assert query(url, _SHOP_TABLES) == [("theirs",)]


def test_a_target_that_cannot_hold_every_character_is_refused(
    copied: Shop, new_database: NewDatabase
) -> None:
    url = new_database("ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    assert "The target's encoding is LATIN1; make one" in refusal(copied.run("move", "--to", url))


def test_records_and_logs_each_need_a_database(copied: Shop, new_database: NewDatabase) -> None:
    url = new_database()
    assert refusal(copied.run("move", "--to", url, "--logs-to", url)) == (
        "--to and --logs-to name the same database; each needs one of its own."
    )
    assert query(url, _SHOP_TABLES) == []


def test_nothing_is_moved_below_a_running_server(copied: Shop, new_database: NewDatabase) -> None:
    server = copied.serve()
    server.wait_until_ready()
    assert refusal(copied.run("move", "--to", new_database())) == (
        "A server is running on these databases; stop it before you move, and start it afterwards."
    )


def test_nothing_is_moved_while_another_process_writes(copied: Shop, new_database: NewDatabase) -> None:
    with closing(sqlite3.connect(copied.home / "tillroll.sqlite3", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        said = refusal(copied.run("move", "--to", new_database()))
    assert said == f"Another process writes to {copied.home / 'tillroll.sqlite3'}; stop it first."


def test_a_shop_in_postgresql_is_not_moved(shop: Shop, new_database: NewDatabase) -> None:
    assert refusal(shop.run("move", "--to", new_database())) == (
        "The default database is in PostgreSQL already; to copy it to another server, use pg_dump."
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Say where to: tillroll move --to postgresql://user@host:5432/name."),
        (("--to", "mysql://ann:secret@db/shop"), "--to takes a PostgreSQL address, postgresql://"),
        (("--to", "postgresql://ann:se@cret@db:port/shop"), "--to can't be read as a PostgreSQL address"),
        (("--to", "postgresql://ann:secret@127.0.0.1:1/shop"), "The target can't take the shop: connection"),
    ],
    ids=["nowhere", "another kind", "no address", "nobody answers"],
)
def test_an_address_that_cannot_be_used_is_one_sentence_without_its_password(
    copied: Shop, arguments: tuple[str, ...], words: str
) -> None:
    said = refusal(copied.run("move", *arguments))
    assert said.startswith(words)
    assert "secret" not in said
    assert "cret" not in said


@override_settings(MOVE_PASSWORD="from the environment")
def test_the_password_may_come_from_the_environment() -> None:
    assert _describe("postgresql://ann@db/shop", "--to")["PASSWORD"] == "from the environment"
    assert _describe("postgresql://ann:own@db/shop", "--to")["PASSWORD"] == "own"


def test_the_address_to_set_is_that_which_was_given_but_for_the_password() -> None:
    given = "postgresql://ann%40home:secret@db.example:5433/my%20shop?sslmode=require"
    assert _get_address(_describe(given, "--to")) == given.replace(":secret", "")


def test_a_kept_figure_that_is_wrong_stops_the_move(copied: Shop, new_database: NewDatabase) -> None:
    [(customers,)] = copied.execute("SELECT value FROM shop_tally WHERE name = 'customer'")
    spoil(copied, ("UPDATE shop_tally SET value = value + 1 WHERE name = 'customer'", ()))
    url = new_database()
    assert refusal(copied.run("move", "--to", url)) == (
        f"count customer: value is kept as {customers + 1} and is {customers};"
        " run `tillroll reconcile --repair` on the shop first."
    )
    assert query(url, _SHOP_TABLES) == []
