"""`tillroll serve`: migrates, then serves until it is told to stop."""

import errno
import os
import signal
import socket
from contextlib import nullcontext

import click

from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import hold_for_serving, migrate_stores, set_up
from tillroll.cli.worker import run_beside

BACKLOG = 2048
"""Connections that may wait to be accepted: enough for a burst of a shop's apps; the kernel may cap it."""

CONNECTIONS = 1024
"""Connections that one worker keeps open. Idle ones count too, so this is far more than the threads that
answer."""

STOP_SECONDS = 30
"""How long a stopping worker may finish what it is answering, a stream included, before it is killed."""


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 is all."
)
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--workers",
    default=1,
    envvar="TILLROLL_WORKERS",
    show_default="TILLROLL_WORKERS, else 1",
    type=click.IntRange(1, 256),
    help="Processes; one a core.",
)
@click.option(
    "--demo", "with_demo", is_flag=True, help="Fill the demo shop if the shop is empty, and show its keys."
)
@click.option("--no-worker", is_flag=True, help="Start no worker; `tillroll worker` runs one apart.")
@click.option("--access-log", is_flag=True, help="Print a line for each request (without its query).")
def serve(host: str, port: int, workers: int, with_demo: bool, no_worker: bool, access_log: bool) -> None:
    """Migrate the databases, then serve the API and the back office.

    A worker process beside it does what takes long, such as an import that the back office was given.
    """
    address, port = find_place(host, port)
    os.environ["TILLROLL_WORKERS"] = str(workers)  # before the settings are read, here and in each worker
    set_up()
    from tillroll.shop.beacon import settle

    with hold_for_serving():
        for name in migrate_stores():
            click.echo(f"Migrated {name}", err=True)
        settle()
        _introduce(address, port, with_demo)
        with nullcontext() if no_worker else run_beside():
            _run(address, port, workers, access_log)


def find_place(host: str, port: int) -> tuple[str, int]:
    """The numeric address and port to listen on; refuses what is taken, not allowed or not ours.

    The workers share their port, so the kernel would let a second server in beside the first; only a socket
    that doesn't share, as here, meets the first one.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise Refusal(f"{host} is no address that this machine knows; try --host 127.0.0.1.") from error
    family, _, _, _, place = sorted(found, key=lambda one: one[0] != socket.AF_INET)[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
            probe.listen()
        except PermissionError as error:
            raise Refusal(f"Port {port} is for root alone; choose one above 1023 with --port.") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Refusal(f"Port {port} of {host} is taken; choose another with --port.") from error
            raise Refusal(f"{host} can't be listened on ({error.strerror}); try --host 127.0.0.1.") from error
        return str(place[0]), int(probe.getsockname()[1])


def get_url(address: str, port: int) -> str:
    """How the server is reached from this machine, without a slash at the end."""
    from django.conf import settings

    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address, f"[{address}]" if ":" in address else address)  # noqa: S104 (a name for "all")
    return f"http://{host}:{port}{settings.PATH_PREFIX}"


def _introduce(address: str, port: int, with_demo: bool) -> None:
    """Says where the server is and, of a demo shop, how to get in."""
    from tillroll.cli.demo import fill, show_access
    from tillroll.intake.demo import ensure_access, is_empty

    url = get_url(address, port)
    if with_demo and is_empty():
        fill()
    access = ensure_access()
    click.echo(f"Tillroll listens at {url}/ (Ctrl+C stops it)")
    if access:
        show_access(access, url)


def _run(address: str, port: int, workers: int, access_log: bool) -> None:
    from django.conf import settings
    from django.db import connections
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    settings.STATIC_ROOT.mkdir(exist_ok=True)  # or whitenoise warns that it isn't there
    import tillroll.wsgi  # noqa: F401  (what is wrong with it is said here, not by each worker)

    connections.close_all()  # a connection must not cross into the workers
    os.register_at_fork(after_in_child=_end_by_signals)
    Server(
        "tillroll.wsgi:make_worker",
        factory=True,
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=settings.WORKER_THREADS,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        log_level=LogLevels.warning,
        log_access=access_log,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    ).serve()


def _end_by_signals() -> None:
    """For a worker until it serves: what it has of its parent only notes a signal, for the parent's own loop,
    and a server that is stopped while it starts would wait for such a worker in vain."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
