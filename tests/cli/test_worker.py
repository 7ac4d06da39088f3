"""The worker as a process: beside a server, apart, killed and stopped."""

import gzip
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.running import COMMAND, DEADLINE, Server, Shop, refusal

DUMP = Path(__file__).parents[1] / "conformance/data/dump.sql.gz"
BUSY = "A worker runs in this folder already; `tillroll serve --no-worker` starts none."


def wait_until(found: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + DEADLINE
    while not found():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def get_pid(shop: Shop) -> int:
    """The worker that says it is there; 0 for none."""
    rows = shop.execute("SELECT pid FROM intake_workerbeat", "logs")
    return int(rows[0][0]) if rows else 0


def serve(shop: Shop) -> Server:
    server = shop.serve()
    server.wait_until_ready()
    wait_until(lambda: get_pid(shop) != 0, "no worker")
    return server


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def queue(shop: Shop, dump: Path = DUMP) -> Path:
    """Has the shop's worker import a dump, as the page does."""
    kept = shop.home / "uploads" / "kept.upload"
    kept.parent.mkdir(exist_ok=True)
    shutil.copy(dump, kept)
    script = (
        "import django; django.setup()\n"
        "from pathlib import Path\n"
        "from tillroll.access.models import User\n"
        "from tillroll.intake.runs import start_run\n"
        f"start_run(Path({str(kept)!r}), file_name='dump.sql', prefix='',"
        " actor=User(pk=1, username='ada'), address='')\n"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", script],
        env={**shop.environment, "DJANGO_SETTINGS_MODULE": "tillroll.settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    return kept


def read_run(shop: Shop) -> tuple[str, str]:
    return shop.execute("SELECT state, sentence FROM intake_importrun", "logs")[0]


def test_a_server_has_a_worker_that_ends_with_it(shop: Shop) -> None:
    server = serve(shop)
    pid = get_pid(shop)
    kept = queue(shop)
    wait_until(lambda: read_run(shop)[0] == "done", "The import did not end.")
    assert shop.execute("SELECT count(*) FROM shop_order") == [(283,)]
    assert not kept.exists()
    assert server.stop() == 0
    assert not is_alive(pid)
    assert get_pid(shop) == 0


def test_a_worker_that_died_is_started_again(shop: Shop) -> None:
    server = serve(shop)
    first = get_pid(shop)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: get_pid(shop) not in (0, first), "No other worker came.")
    server.wait_for("The worker ended (-9); it is started again.")
    assert server.stop() == 0


def test_a_worker_does_not_outlive_a_server_that_was_killed(shop: Shop) -> None:
    server = serve(shop)
    pid = get_pid(shop)
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.process.pid)], capture_output=True)
    others = {int(one) for one in listed.stdout.split()} - {pid}
    server.process.kill()
    for other in others:  # what answers requests would go on answering them
        with suppress(ProcessLookupError):
            os.kill(other, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), "The worker runs on.")
    server.stop()


def test_a_server_can_do_without(shop: Shop) -> None:
    server = shop.serve("--no-worker")
    server.wait_until_ready()
    apart = start(shop)
    wait_until(lambda: get_pid(shop) == apart.pid, "no worker")
    assert refusal(shop.run("worker")) == BUSY
    apart.terminate()
    assert apart.wait(DEADLINE) == 0
    assert get_pid(shop) == 0


def start(shop: Shop) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([*COMMAND, "worker"], env=shop.environment)


def test_of_two_servers_in_a_folder_one_has_the_worker_and_the_other_follows(shop: Shop) -> None:
    one, two = serve(shop), serve(shop)
    first = get_pid(shop)
    one_has_it = any(f"{first}" == line for line in list_children(one))
    (one if one_has_it else two).stop()
    wait_until(lambda: get_pid(shop) not in (0, first), "Nobody followed.")


def list_children(server: Server) -> list[str]:
    found = subprocess.run(
        ["ps", "--ppid", str(server.process.pid), "-o", "pid="], capture_output=True, text=True, check=True
    )
    return found.stdout.split()


def start_again(shop: Shop) -> None:
    """A worker that finds what the one before left."""
    after = start(shop)
    wait_until(lambda: read_run(shop)[0] == "stopped", "It is not known to be stopped.")
    after.terminate()
    assert after.wait(DEADLINE) == 0


@pytest.fixture
def slow_dump(tmp_path: Path) -> Path:
    """A dump that takes a while to be read."""
    path = tmp_path / "large.sql"
    text = gzip.decompress(DUMP.read_bytes())
    with path.open("wb") as file:
        for _ in range(40):
            file.write(text)
    return path


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_an_import_that_was_cut_off_changed_nothing_and_says_so(
    number: signal.Signals, shop: Shop, slow_dump: Path
) -> None:
    shop.run("settings", "set", "name", "As it was")
    kept = queue(shop, slow_dump)
    worker = start(shop)
    wait_until(lambda: read_run(shop)[0] == "running", "It did not begin.")
    worker.send_signal(number)
    assert worker.wait(DEADLINE) == (0 if number == signal.SIGTERM else -9)
    if number == signal.SIGKILL:
        start_again(shop)
    sentence = "The server was stopped while this import ran; nothing was changed; start it again."
    assert read_run(shop) == ("stopped", sentence)
    assert shop.execute("SELECT name FROM shop_shopsettings") == [("As it was",)]
    assert shop.execute("SELECT count(*) FROM shop_order") == [(0,)]
    assert shop.execute("SELECT status FROM django_tasks_database_dbtaskresult", "logs") == [("FAILED",)]
    assert not kept.exists()
