"""A backup holds the whole shop as it was at one moment; a restore brings back all of it or changes
nothing."""

import gzip
import hashlib
import io
import json
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Shop, make_environment, refusal
from tests.conftest import STORE
from tillroll.cli.archive import read_archive
from tillroll.cli.refusals import Refusal

on_sqlite = pytest.mark.skipif(STORE != "sqlite", reason="It is about SQLite's files.")
on_postgresql = pytest.mark.skipif(STORE != "postgresql", reason="It is about PostgreSQL's tools.")


KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def original(shared_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a shop that is called Before and has the user ann with a key."""
    succeed(shared_shop, "settings", "set", "name", "Before")
    succeed(shared_shop, "user", "add", "ann", "--no-password", "--role", "shop_manager")
    succeed(shared_shop, "keys", "issue", "ann")
    shared_shop.execute("UPDATE access_apikey SET public_key = '0123456789abcdef0123456789abcdef'")
    file = tmp_path_factory.mktemp("saved") / "shop.tar.gz"
    succeed(shared_shop, "backup", str(file))
    return file


@pytest.fixture
def saved(original: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    copy = shutil.copy2(original, tmp_path / "saved.tar.gz")
    return Path(copy)


@pytest.fixture
def after(shop: Shop) -> Shop:
    """Another shop, which is called After."""
    shop.execute("UPDATE shop_shopsettings SET name = 'After'")
    return shop


def succeed(shop: Shop, *arguments: str) -> str:
    done = shop.run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def get_name(shop: Shop) -> str:
    return str(shop.execute("SELECT name FROM shop_shopsettings")[0][0])


def read_members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]


def write_members(file: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(file, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_a_shop_comes_back_as_it_was_saved(after: Shop, saved: Path, shared_shop: Shop) -> None:
    after.execute("INSERT INTO shop_tally (name, value) VALUES ('mine', 1)")
    output = succeed(after, "restore", str(saved), "--yes")
    assert re.fullmatch(r"Restored the shop as it was on \S+Z \(Tillroll \S+\)\.\n", output)
    assert get_name(after) == "Before"
    assert after.execute("SELECT COUNT(*) FROM shop_tally WHERE name = 'mine'") == [(0,)]
    for question in (
        "SELECT * FROM access_apikey",
        "SELECT * FROM access_user",
        "SELECT * FROM access_userrole",
        "SELECT * FROM shop_revision WHERE topic <> 'store' ORDER BY topic",
    ):
        assert after.execute(question) == shared_shop.execute(question)
    number = "SELECT number FROM shop_revision WHERE topic = 'store'"
    assert after.execute(number) != shared_shop.execute(number)  # kept answers are of another store
    assert (after.home / "secrets").read_text() == (shared_shop.home / "secrets").read_text()
    assert not list(after.home.glob("*.before-restore"))
    assert succeed(after, "doctor")


def test_a_shop_is_restored_into_an_empty_folder(shop: Shop, saved: Path, bare_home: Shop) -> None:
    bare_home.environment = {**shop.environment, "TILLROLL_HOME": str(bare_home.home)}
    succeed(bare_home, "restore", str(saved), "--yes")
    assert get_name(bare_home) == "Before"
    assert re.search(rf"^{KEY} .* in force", succeed(bare_home, "keys", "list"), re.M)
    assert stat.S_IMODE((bare_home.home / "secrets").stat().st_mode) == 0o600


def test_a_backup_is_for_its_owner_alone_and_names_what_is_in_it(original: Path, saved: Path) -> None:
    assert stat.S_IMODE(original.stat().st_mode) == 0o600
    assert [path.name for path in original.parent.iterdir()] == ["shop.tar.gz"]
    members = read_members(saved)
    assert next(iter(members)) == "manifest.json"
    ending = "sqlite3" if STORE == "sqlite" else "dump"
    assert list(members)[1:] == [f"tillroll.{ending}", f"logs.{ending}", "secrets"]
    manifest = json.loads(members["manifest.json"])
    assert manifest["stores"] == {"default": STORE, "logs": STORE}
    for member in manifest["members"]:
        content = members[member["name"]]
        assert (member["size"], member["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_file_that_is_there_is_replaced_only_by_force(after: Shop, saved: Path) -> None:
    before = saved.read_bytes()
    assert refusal(after.run("backup", str(saved))) == (
        f"{saved} is there already; give another name, or --force to replace it."
    )
    assert saved.read_bytes() == before
    succeed(after, "backup", str(saved), "--force")
    after.execute("UPDATE shop_shopsettings SET name = 'Later'")
    succeed(after, "restore", str(saved), "--yes")
    assert get_name(after) == "After"


def test_a_folder_that_is_not_there_is_refused(shop: Shop, tmp_path: Path) -> None:
    said = refusal(shop.run("backup", str(tmp_path / "none/b.tar.gz")))
    assert said == f"There is no folder {tmp_path / 'none'}."


def test_a_restore_asks_before_it_replaces_records(shop: Shop, saved: Path) -> None:
    succeed(shop, "demo", "--orders", "20")
    done = shop.run("restore", str(saved), typed="n\n")
    assert (done.returncode, done.stdout) == (130, "")
    assert get_name(shop) == "Paper Lantern"
    assert shop.run("restore", str(saved), typed="y\n").returncode == 0
    assert get_name(shop) == "Before"


@on_sqlite
def test_a_backup_does_not_wait_for_a_writer_and_takes_only_what_was_committed(
    after: Shop, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(after.home / "tillroll.sqlite3", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE shop_shopsettings SET name = 'Half done'")
        succeed(after, "backup", str(tmp_path / "b.tar.gz"))
        writer.execute("COMMIT")
    database = tmp_path / "copy.sqlite3"
    database.write_bytes(read_members(tmp_path / "b.tar.gz")["tillroll.sqlite3"])
    with closing(sqlite3.connect(database)) as copy:
        assert copy.execute("SELECT name FROM shop_shopsettings").fetchone() == ("After",)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def change_manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        members = read_members(file)
        manifest = json.loads(members["manifest.json"])
        change(manifest)
        write_members(file, members | {"manifest.json": json.dumps(manifest).encode()})

    return spoil


def change_member(file: Path) -> None:
    members = read_members(file)
    name = list(members)[1]
    content = bytearray(members[name])
    content[len(content) // 2] ^= 1
    write_members(file, members | {name: bytes(content)})


def drop_member(file: Path) -> None:
    members = read_members(file)
    members.pop("secrets")
    write_members(file, members)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2000])


def other(kind: str) -> str:
    return {"sqlite": "postgresql", "postgresql": "sqlite"}[kind]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(cut, "is not a whole backup of Tillroll", id="cut off"),
        pytest.param(lambda file: file.write_bytes(b"SELECT 1;"), "is not a whole backup", id="no gzip"),
        pytest.param(lambda file: file.write_bytes(b""), "is not a whole backup", id="empty"),
        pytest.param(
            lambda file: file.write_bytes(gzip.compress(b"x" * 5000)), "is not a whole backup", id="no tar"
        ),
        pytest.param(
            lambda file: write_members(file, {"readme.txt": b"hello"}),
            "it does not begin with manifest.json",
            id="another tar",
        ),
        pytest.param(
            lambda file: write_members(file, {"manifest.json": b"[]"}), "is not a whole backup", id="manifest"
        ),
        pytest.param(change_member, "is not what was saved", id="changed byte"),
        pytest.param(drop_member, "secrets is missing", id="missing member"),
        pytest.param(
            change_manifest(lambda manifest: manifest["members"][0].update(name="../../evil")),
            "it names files outside of itself",
            id="path",
        ),
        pytest.param(
            change_manifest(lambda manifest: manifest.update(format=2, version="9.0")),
            "The backup was made by Tillroll 9.0; restore it with that version or later.",
            id="later form",
        ),
    ],
)
def test_a_file_that_is_no_whole_backup_is_refused(
    saved: Path, spoil: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    spoil(saved)
    (tmp_path / "inside").mkdir()
    with pytest.raises(Refusal) as refused:
        read_archive(saved, tmp_path / "inside", lambda _manifest: None)
    assert words in refused.value.message
    assert not (tmp_path.parent / "evil").exists()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(cut, "is not a whole backup of Tillroll", id="cut off"),
        pytest.param(
            change_manifest(lambda manifest: manifest["migrations"].append("shop.0999_future")),
            "which is newer than this one (shop.0999_future is unknown here)",
            id="later version",
        ),
        pytest.param(
            change_manifest(lambda manifest: manifest["stores"].update(default=other(STORE))),
            "set TILLROLL_DATABASE_URL and TILLROLL_LOGS_URL as they were.",
            id="another kind of store",
        ),
    ],
)
def test_a_backup_that_does_not_fit_changes_nothing(
    after: Shop, saved: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(saved)
    before = {path.name for path in after.home.iterdir()}
    assert words in refusal(after.run("restore", str(saved), "--yes"))
    assert get_name(after) == "After"
    assert {path.name for path in after.home.iterdir()} - before <= {"serve.lock"}


def test_nothing_is_restored_below_a_running_server(after: Shop, saved: Path) -> None:
    server = after.serve()
    server.wait_until_ready()
    said = refusal(after.run("restore", str(saved), "--yes"))
    assert (
        said == "A server is running on these databases; stop it before you restore, and start it afterwards."
    )
    server.stop()
    succeed(after, "restore", str(saved), "--yes")
    assert get_name(after) == "Before"


@on_sqlite
def test_nothing_is_restored_below_another_process(after: Shop, saved: Path) -> None:
    with closing(sqlite3.connect(after.home / "tillroll.sqlite3", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM shop_shopsettings").fetchall()
        said = refusal(after.run("restore", str(saved), "--yes"))
    assert said == f"Another process uses {after.home / 'tillroll.sqlite3'}; stop it before you restore."
    assert get_name(after) == "After"


def replace_database(file: Path, change: Callable[[bytes], bytes]) -> None:
    """Puts another database into a backup, with a manifest that says so."""
    members = read_members(file)
    manifest = json.loads(members["manifest.json"])
    name = manifest["members"][0]["name"]
    content = change(members[name])
    manifest["members"][0].update(size=len(content), sha256=hashlib.sha256(content).hexdigest())
    manifest["migrations"].remove("access.0002_roles")
    write_members(file, members | {name: content, "manifest.json": json.dumps(manifest).encode()})


@on_sqlite
def test_a_backup_of_an_older_version_is_brought_up_to_date(after: Shop, saved: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    older.mkdir()

    def take_back_migrations(content: bytes) -> bytes:
        (older / "tillroll.sqlite3").write_bytes(content)
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "access", "0002_roles"],
            env=make_environment(older, DJANGO_SETTINGS_MODULE="tillroll.settings"),
            capture_output=True,
            check=True,
        )
        with closing(sqlite3.connect(older / "tillroll.sqlite3")) as database:
            database.execute("PRAGMA journal_mode=DELETE")
        return (older / "tillroll.sqlite3").read_bytes()

    replace_database(saved, take_back_migrations)
    succeed(after, "restore", str(saved), "--yes")
    assert get_name(after) == "Before"
    assert after.execute("SELECT name FROM django_migrations WHERE name = '0003_limits'") == [
        ("0003_limits",)
    ]
    assert after.execute("SELECT COUNT(*) FROM access_apikey WHERE networks = 'none'") == [(0,)]


@on_postgresql
def test_a_backup_from_before_some_tables_leaves_none_in_the_way(after: Shop, saved: Path) -> None:
    url = after.environment["TILLROLL_DATABASE_URL"]
    kept = after.execute("SELECT relname FROM pg_class WHERE relname LIKE 'stats_%' ORDER BY 1")

    def migrate(*where: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", *where],
            env={**after.environment, "DJANGO_SETTINGS_MODULE": "tillroll.settings"},
            capture_output=True,
            check=True,
        )

    after.execute("CREATE TABLE somebody_elses (name text)")
    migrate("stats", "zero")
    done = subprocess.run(
        ["pg_dump", "--format=custom", "--exclude-table=somebody_elses", url], capture_output=True, check=True
    )
    migrate()
    replace_database(saved, lambda _: done.stdout)
    after.execute("UPDATE shop_shopsettings SET name = 'Later'")
    succeed(after, "restore", str(saved), "--yes")
    assert get_name(after) == "After"
    assert after.execute("SELECT relname FROM pg_class WHERE relname LIKE 'stats_%' ORDER BY 1") == kept
    assert after.execute("SELECT COUNT(*) FROM somebody_elses") == [(0,)]
    assert succeed(after, "reconcile")


@on_sqlite
def test_a_database_that_was_saved_damaged_is_not_brought_in(after: Shop, saved: Path) -> None:
    replace_database(saved, lambda content: content[:8192] + b"x" * 4096 + content[12288:])
    assert "tillroll.sqlite3 in the backup is damaged" in refusal(after.run("restore", str(saved), "--yes"))
    assert get_name(after) == "After"


@on_sqlite
def test_a_damaged_database_is_replaced_by_the_saved_one(shop: Shop, saved: Path) -> None:
    (shop.home / "tillroll.sqlite3").write_bytes(b"not a database at all, no matter how long" * 200)
    succeed(shop, "restore", str(saved), "--yes")
    assert get_name(shop) == "Before"


@on_sqlite
def test_a_restore_that_broke_off_is_undone_by_the_next(after: Shop, saved: Path) -> None:
    home = after.home
    secrets = (home / "secrets").read_text()
    (home / "secrets").rename(home / "secrets.before-restore")
    (home / "secrets").write_text("SECRET_KEY=x\nKEY_PEPPER=y\n")
    saved.write_bytes(b"")
    refusal(after.run("restore", str(saved), "--yes"))
    assert (home / "secrets").read_text() == secrets
    assert not (home / "secrets.before-restore").exists()
    assert get_name(after) == "After"


@on_sqlite
def test_backups_of_a_shop_that_is_being_written_are_whole(shop: Shop, tmp_path: Path) -> None:
    """A writer moves one unit from one counter to another all the while: their sum never changes."""
    place = shop.home / "tillroll.sqlite3"
    with closing(sqlite3.connect(place, isolation_level=None)) as database:
        database.execute("INSERT INTO shop_tally (name, value) VALUES ('from', 1000000), ('to', 0)")
    done = threading.Event()

    def move() -> None:
        with closing(sqlite3.connect(place, isolation_level=None, timeout=30)) as database:
            while not done.is_set():
                database.execute("BEGIN IMMEDIATE")
                database.execute("UPDATE shop_tally SET value = value - 1 WHERE name = 'from'")
                database.execute("UPDATE shop_tally SET value = value + 1 WHERE name = 'to'")
                database.execute("COMMIT")

    writer = threading.Thread(target=move)
    writer.start()
    try:
        succeed(shop, "backup", str(tmp_path / "b.tar.gz"))
    finally:
        done.set()
        writer.join()
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(read_members(tmp_path / "b.tar.gz")["tillroll.sqlite3"])
    with closing(sqlite3.connect(copy)) as database:
        moved, left = database.execute(
            "SELECT (SELECT value FROM shop_tally WHERE name = 'to'),"
            " (SELECT value FROM shop_tally WHERE name = 'from')"
        ).fetchone()
    assert moved > 0
    assert moved + left == 1_000_000


def test_a_shop_whose_secrets_come_from_the_environment_saves_none(shop: Shop, tmp_path: Path) -> None:
    (shop.home / "secrets").unlink()
    given = {"TILLROLL_SECRET_KEY": "s", "TILLROLL_KEY_PEPPER": "p"}
    done = shop.run("backup", str(tmp_path / "b.tar.gz"), **given)
    assert done.returncode == 0
    assert "keep the key pepper safe as well" in done.stdout
    assert "secrets" not in read_members(tmp_path / "b.tar.gz")
    assert shop.run("restore", str(tmp_path / "b.tar.gz"), "--yes", **given).stderr == ""
    other_pepper = {**given, "TILLROLL_KEY_PEPPER": "q"}
    assert (
        "made under another pepper"
        in shop.run("restore", str(tmp_path / "b.tar.gz"), "--yes", **other_pepper).stderr
    )


@on_postgresql
def test_missing_tools_are_named(shop: Shop, saved: Path, tmp_path: Path) -> None:
    said = refusal(shop.run("backup", str(tmp_path / "other.tar.gz"), PATH=str(tmp_path)))
    assert said == "pg_dump is not installed; on Debian or Ubuntu: apt-get install postgresql-client."
    assert refusal(shop.run("restore", str(saved), "--yes", PATH=str(tmp_path))).startswith("pg_dump is not")
    assert not (tmp_path / "other.tar.gz").exists()
