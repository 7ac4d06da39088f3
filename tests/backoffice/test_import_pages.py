"""Tools > Import: who may, what is refused before and behind the upload, how far it is, and what it did."""

import gzip
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from tests.backoffice.conftest import Login, get_text
from tests.backoffice.forms import get_self
from tests.shops import setup_mirror, setup_order, setup_user
from tillroll.access.models import AuditEntry, User
from tillroll.intake import worker
from tillroll.intake.host import get_host_id, get_uploads
from tillroll.intake.models import ImportRun, ImportState, WorkerBeat
from tillroll.intake.runs import BUSY, STOPPED, STOPPED_LATE
from tillroll.shop.models import Order, Source, SourceKind

pytestmark = pytest.mark.django_db(databases=["default", "logs"], transaction=True)

PAGE = "/admin/import/"
DUMP = (Path(__file__).parents[1] / "conformance/data/dump.sql.gz").read_bytes()


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "TILLROLL_HOME", tmp_path)
    return tmp_path


@pytest.fixture
def client(login: Login) -> Client:
    return login("shop_manager")


def upload(client: Client, content: bytes = DUMP, name: str = "dump.sql.gz", prefix: str = "") -> Any:
    return client.post(PAGE, {"prefix": prefix, "dump": SimpleUploadedFile(name, content)})


def list_uploads() -> list[Path]:
    return sorted(get_uploads().iterdir())


def get_run() -> ImportRun:
    return ImportRun.objects.get()


def follow(client: Client, reply: Any) -> str:
    """Lets the worker do what waits; the page that the upload led to."""
    assert reply.status_code == 302, unescape(reply.content.decode())
    assert worker.run_next()
    return unescape(get_text(client, reply.headers["Location"]))


def test_a_dump_is_taken_over_and_its_page_shows_what_was_done(client: Client) -> None:
    actor = get_self(client)
    setup_user("local", is_superuser=True)
    reply = upload(client)
    run = get_run()
    assert reply.headers["Location"] == f"/admin/import/{run.pk}/"
    [kept] = list_uploads()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.read_bytes() == DUMP
    waiting = get_text(client, f"/admin/import/{run.pk}/")
    assert "waiting for the worker" in waiting
    assert "No worker runs on this server." in waiting
    assert '<meta http-equiv="refresh" content="3">' in waiting

    page = follow(client, reply)
    assert list_uploads() == []
    assert "2,009 records of Harbor & Pine Plugins" in page
    assert '<th scope="row">orders</th><td data-label="Added" class="number">283</td>' in page
    assert "it holds keys and tokens in clear; Tillroll keeps its own" in page
    assert "refresh" not in page
    assert Order.objects.count() == 283
    assert User.objects.filter(username="local", is_superuser=True).exists()
    run = get_run()
    assert (run.state, run.is_open, run.actor_name) == (ImportState.DONE, None, actor.username)
    assert (run.bytes_read, run.size) == (len(DUMP), len(DUMP))
    assert run.rows_read > 2_000
    noted = list(AuditEntry.objects.order_by("pk").values_list("action", "title", "actor_name"))
    assert noted == [
        ("started an import", "dump.sql.gz", actor.username),
        ("imported", "Harbor & Pine Plugins", actor.username),
    ]
    assert ["orders", "0", "283"] in AuditEntry.objects.latest("pk").changes
    assert DBTaskResult.objects.get().status == "SUCCESSFUL"
    listed = unescape(get_text(client, PAGE))
    assert "dump.sql.gz" in listed
    assert "Done" in listed


REFUSED = {
    "no SQL": ("x.sql", b"hello", "x.sql holds no SQL statements: it begins with 'hello'."),
    "cut off": ("x.sql.gz", DUMP[: len(DUMP) // 2], "x.sql.gz"),
    "no shop": ("x.sql", b"CREATE TABLE `a` (`b` int);\n", "x.sql holds no WordPress"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_dump_is_refused_with_its_own_name(case: str, client: Client) -> None:
    name, content, sentence = REFUSED[case]
    order = setup_order()
    page = follow(client, upload(client, content, name))
    run = get_run()
    assert run.state == ImportState.REFUSED
    assert run.sentence.startswith(sentence)
    assert ".upload" not in run.sentence
    assert run.sentence in page
    assert list_uploads() == []
    assert list(Order.objects.values_list("pk", flat=True)) == [order.pk]


def test_a_prefix_that_is_not_there_is_refused(client: Client) -> None:
    page = follow(client, upload(client, prefix="wp_9_"))
    assert "dump.sql.gz holds no WordPress with the prefix wp_9_; there is: wp_." in page


FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({}, "Choose a dump, a .sql or .sql.gz file."),
    "empty": ({"dump": SimpleUploadedFile("x.sql", b"")}, "The file is empty; dump the database again."),
    "name": (
        {"dump": SimpleUploadedFile("x.zip", b"PK")},
        "x.zip is no dump: a .sql or .sql.gz file is wanted.",
    ),
    "prefix": (
        {"dump": SimpleUploadedFile("x.sql", b"--"), "prefix": "wp-2"},
        "A prefix has letters, digits and underscores, such as wp_2_",
    ),
}


@pytest.mark.parametrize("case", FORMS)
def test_a_wrong_form_gets_a_sentence_and_leaves_nothing(case: str, client: Client) -> None:
    values, sentence = FORMS[case]
    reply = client.post(PAGE, {"prefix": "", **values})
    assert sentence in unescape(reply.content.decode())
    assert not ImportRun.objects.exists()
    assert list_uploads() == []


def test_what_is_too_large_is_not_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "UPLOAD_MEGABYTES", 1)
    reply = upload(client, b"-" * 1_200_000, "x.sql")
    assert reply.status_code == 413
    assert "The file is too large: at most 1 MB are taken" in unescape(reply.content.decode())
    assert not (settings.TILLROLL_HOME / "uploads").exists()


def test_what_grows_too_large_behind_a_wrong_length_is_dropped(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "UPLOAD_MEGABYTES", 1)
    monkeypatch.setattr("tillroll.backoffice.import_pages.AROUND", 10_000_000)
    reply = upload(client, b"-" * 1_200_000, "x.sql")
    assert reply.status_code == 413
    assert "The file is too large" in unescape(reply.content.decode())
    assert list_uploads() == []


def test_one_import_at_a_time(client: Client) -> None:
    upload(client)
    assert BUSY in get_text(client, PAGE)
    second = unescape(upload(client).content.decode())
    assert BUSY in second
    assert ImportRun.objects.count() == 1
    assert len(list_uploads()) == 1


def test_an_import_that_waits_can_be_cancelled(client: Client) -> None:
    address = upload(client).headers["Location"]
    assert client.post(f"{address}cancel/").headers["Location"] == address
    assert "It was cancelled before it began." in get_text(client, address)
    assert list_uploads() == []
    assert not worker.run_next()
    assert upload(client).status_code == 302


def test_a_mirrored_shop_takes_no_dump(client: Client) -> None:
    mirror = setup_mirror(timezone.now())
    assert f"This shop follows {mirror.source.name}; end that first" in get_text(client, PAGE)
    assert "This shop follows" in unescape(upload(client).content.decode())
    assert not ImportRun.objects.exists()
    assert list_uploads() == []


def test_the_page_says_that_the_demo_shop_goes(client: Client, login: Login) -> None:
    assert "The demo shop is replaced" not in get_text(client, PAGE)
    Source.objects.create(
        kind=SourceKind.DEMO, name="demo", created_at=timezone.now(), imported_at=timezone.now()
    )
    assert "The demo shop is replaced" in get_text(client, PAGE)


def test_the_bar_moves(client: Client) -> None:
    address = upload(client).headers["Location"]
    half = {"state": ImportState.RUNNING, "worker": "w", "stage": "reading", "bytes_read": len(DUMP) // 2}
    ImportRun.objects.update(**half, rows_read=1234)
    setup_beat("w")
    assert client.get(f"{address}progress/").json() == {
        "is_open": True, "percent": 40, "stage": "reading", "read": "0.1 of 0.1 MB", "rows": "1,234",
    }  # fmt: skip
    ImportRun.objects.update(stage="comparing")
    assert client.get(f"{address}progress/").json()["percent"] == 98


def setup_beat(name: str, age: timedelta = timedelta()) -> None:
    seen = timezone.now() - age
    WorkerBeat.objects.create(
        host=get_host_id(), worker=name, name="vm", pid=1, started_at=seen, beat_at=seen
    )


def test_a_run_whose_worker_is_gone_is_stopped_not_running(client: Client) -> None:
    address = upload(client).headers["Location"]
    ImportRun.objects.update(state=ImportState.RUNNING, worker="w", started_at=timezone.now())
    DBTaskResult.objects.update(status="RUNNING")
    setup_beat("w", timedelta(seconds=61))
    assert STOPPED in get_text(client, address)
    assert get_run().state == ImportState.STOPPED
    assert DBTaskResult.objects.get().status == "FAILED"
    assert list_uploads() == []


def test_a_worker_that_begins_stops_what_the_one_before_left(client: Client) -> None:
    upload(client)
    ImportRun.objects.update(state=ImportState.RUNNING, worker="before", started_at=timezone.now())
    setup_beat("before")
    (settings.TILLROLL_HOME / "import").mkdir()
    worker.begin()
    assert get_run().sentence == STOPPED
    assert not (settings.TILLROLL_HOME / "import").exists()
    assert WorkerBeat.objects.get().worker == worker.get_worker_id()


def test_a_stop_behind_the_last_step_says_that_the_records_are_there(client: Client) -> None:
    upload(client)
    begun = timezone.now()
    ImportRun.objects.update(state=ImportState.RUNNING, worker="before", started_at=begun)
    Source.objects.create(kind=SourceKind.WORDPRESS, name="x", created_at=begun, imported_at=begun)
    worker.begin()
    assert get_run().sentence == STOPPED_LATE


@pytest.mark.parametrize(
    ("step", "sentence"), [("publish_shop", STOPPED), ("find_differences", STOPPED_LATE)]
)
def test_an_import_that_is_told_to_stop_says_how_it_ended(
    step: str, sentence: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise worker.WorkerStopped(0)

    monkeypatch.setattr(f"tillroll.intake.wordpress.importer.{step}", stop)
    assert sentence in follow(client, upload(client))
    assert get_run().state == ImportState.STOPPED
    assert Order.objects.exists() == (sentence == STOPPED_LATE)


def test_a_fault_of_our_own_ends_the_run_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tillroll.intake.tasks.import_dump", fail)
    assert "It broke off by a fault of Tillroll's own" in follow(client, upload(client))
    assert get_run().is_open is None


def test_an_upload_that_vanished_is_said(client: Client) -> None:
    reply = upload(client)
    [kept] = list_uploads()
    kept.unlink()
    assert "The uploaded file is gone; upload it again." in follow(client, reply)


def test_others_upload_nothing(login: Login) -> None:
    for role, status in (("shop_accountant", 403), ("nobody", 403), ("anonymous", 302)):
        assert upload(login(role)).status_code == status
    careful = login("shop_manager", enforce_csrf_checks=True)
    assert upload(careful).status_code == 403
    assert not ImportRun.objects.exists()
    assert list_uploads() == []


def test_a_run_is_for_those_who_run_the_shop(client: Client, login: Login) -> None:
    address = upload(client).headers["Location"]
    accountant = login("shop_accountant")
    assert [accountant.get(f"{address}{end}").status_code for end in ("", "progress/")] == [403, 403]
    assert accountant.post(f"{address}cancel/").status_code == 403
    careful = login("shop_manager", enforce_csrf_checks=True)
    assert careful.post(f"{address}cancel/").status_code == 403
    assert client.get(f"{address}cancel/").status_code == 405
    assert get_run().state == ImportState.WAITING


def test_no_other_page_takes_a_file(client: Client) -> None:
    big = SimpleUploadedFile("x.sql", b"-" * 3_000_000)
    client.post("/admin/shop/shopsettings/1/change/", {"name": "x", "dump": big})
    assert list_uploads() == []


def test_an_import_can_be_repeated_with_a_plain_dump(client: Client) -> None:
    follow(client, upload(client))
    page = follow(client, upload(client, gzip.decompress(DUMP), "again.sql"))
    assert '<th scope="row">orders</th><td data-label="Added" class="number">0</td>' in page
