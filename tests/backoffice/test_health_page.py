"""Tools > Health: each finding with its state in a word, the worst first."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tests.backoffice.conftest import Login, get_text
from tests.shops import setup_mirror
from tillroll.intake.host import get_host_id
from tillroll.intake.models import WorkerBeat
from tillroll.intake.tasks import import_upload

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


@pytest.fixture
def client(login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(settings, "TILLROLL_HOME", tmp_path)
    return login("shop_manager")


def read(client: Client) -> dict[str, tuple[str, str]]:
    """What was found by what it is about, in the page's order: the word for its state, and the sentence."""
    page = get_text(client, "/admin/health/")
    rows = re.findall(
        r'<th scope="row">([^<]+)</th>\s*<td data-label="State"><span class="[^"]+">([^<]+)</span></td>'
        r'\s*<td data-label="Found">([^<]*)</td>',
        page,
    )
    return {about: (word, found) for about, word, found in rows}


def setup_beat(age: timedelta) -> None:
    seen = timezone.now() - age
    WorkerBeat.objects.create(host=get_host_id(), worker="w", name="vm", pid=7, started_at=seen, beat_at=seen)


def test_all_that_is_looked_at_is_named(client: Client) -> None:
    assert set(read(client)) >= {
        "Folder", "Disk", "Secrets", "Database default", "Database logs", "Migrations", "Versions", "Zone",
        "Clock", "Worker", "Queue", "Backup", "Size of default", "Size of logs", "Request log", "API keys",
    }  # fmt: skip


def test_the_worst_comes_first(client: Client) -> None:
    setup_mirror(timezone.now(), problem="The password is wrong.")
    words = [word for word, _ in read(client).values()]
    assert words[0] == "Bad"
    assert words == sorted(words, key=("Bad", "Look", "Good").index)
    assert "The password is wrong." in read(client)["Mirror"][1]


def test_a_worker_is_missed(client: Client) -> None:
    assert read(client)["Worker"] == ("Look", "None runs. Imports from the back office wait.")


def test_a_worker_that_was_seen_is_good(client: Client) -> None:
    setup_beat(timedelta(seconds=1))
    word, found = read(client)["Worker"]
    assert word == "Good"
    assert re.fullmatch(r"vm, process 7, was seen \d s ago\.", found)


def test_a_worker_of_long_ago_is_missed(client: Client) -> None:
    setup_beat(timedelta(hours=1))
    word, found = read(client)["Worker"]
    assert word == "Look"
    assert found.startswith("None runs; the last one was seen ")


def test_tasks_that_wait_are_counted(client: Client) -> None:
    assert read(client)["Queue"] == ("Good", "0 running, none waiting.")
    import_upload.enqueue(0)
    assert read(client)["Queue"] == ("Good", "0 running, 1 waiting.")


def test_a_backup_is_wanted_once_a_week(client: Client, tmp_path: Path) -> None:
    assert read(client)["Backup"] == ("Look", "None was made here by tillroll backup.")
    (tmp_path / "last-backup").touch()
    assert read(client)["Backup"][0] == "Good"


def test_it_can_only_be_read(client: Client) -> None:
    assert client.post("/admin/health/").status_code == 405
