"""`tillroll backup` and `tillroll restore`: the whole shop as one file, taken while it is served."""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import click

from tillroll.cli import postgres
from tillroll.cli.archive import (
    FORMAT,
    Manifest,
    Member,
    hash_file,
    read_archive,
    refuse_existing,
    write_archive,
)
from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import get_home, hold_alone, migrate_stores, require_migrated, set_up
from tillroll.cli.swap import put_back, swap_files

SECRETS = "secrets"
NAMES = {"default": "tillroll", "logs": "logs"}
ENDINGS = {"sqlite": "sqlite3", "postgresql": "dump"}


@click.command(short_help="Save databases and secrets in one file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def backup(file: Path, force: bool) -> None:
    """Save databases and secrets in FILE (.tar.gz), also while the shop is served.

    Whoever has FILE can read the shop and has the pepper that its API keys depend on: keep it as safe as the
    shop.
    """
    from django.db import connections
    from django.utils import timezone

    from tillroll import __version__
    from tillroll.access.digests import pepper_id

    set_up()
    if file.exists() and not force:
        raise refuse_existing(file)
    if not file.parent.is_dir():
        raise Refusal(f"There is no folder {file.parent}.")
    require_migrated()
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as folder:
        files, members = {}, []
        for alias, name in NAMES.items():
            kind = connections[alias].vendor
            saved = Path(folder) / f"{name}.{ENDINGS[kind]}"
            if kind == "sqlite":
                _copy_sqlite(Path(connections[alias].settings_dict["NAME"]), saved)
            else:
                postgres.dump(connections[alias], saved)
            files[saved.name] = saved
            members.append(Member(saved.name, kind, saved.stat().st_size, hash_file(saved)))
        secrets = get_home() / SECRETS
        if secrets.is_file():
            files[SECRETS] = secrets
            members.append(Member(SECRETS, SECRETS, secrets.stat().st_size, hash_file(secrets)))
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            created=f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}",
            pepper_id=pepper_id(),
            stores={alias: connections[alias].vendor for alias in NAMES},
            migrations=_list_applied(),
            members=tuple(members),
        )
        write_archive(file, manifest, files, replace=force)
    (get_home() / "last-backup").touch()  # for the health page
    click.echo(f"Saved {', '.join(files)} in {file} ({file.stat().st_size:,} bytes).")
    if SECRETS in files:
        click.echo("It holds the shop's secrets, on which its API keys depend: keep it safe.")
    else:
        click.echo(
            "The secrets come from the environment and are not in it: keep the key pepper safe as well."
        )


@click.command(short_help="Replace the shop by one that was saved.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Don't ask before the shop's records are replaced.")
def restore(file: Path, yes: bool) -> None:
    """Replace the shop by the one saved in FILE; the server must be stopped."""
    set_up()
    home = get_home()
    with hold_alone("restore"):
        put_back(home)
        with tempfile.TemporaryDirectory(prefix="scratch-", dir=home) as folder:
            manifest, files = read_archive(file, Path(folder), _check)
            _check_sqlite(manifest, files)
            if not yes and _has_records():
                click.confirm(
                    f"Replace this shop by the one saved on {manifest.created}?", abort=True, err=True
                )
            _bring_in(home, manifest, files)
    click.echo(f"Restored the shop as it was on {manifest.created} (Tillroll {manifest.version}).")
    _warn_of_pepper(manifest)


def _copy_sqlite(source: Path, target: Path) -> None:
    """A copy as of one moment: in WAL mode this reader neither waits for writers nor holds them up."""
    with closing(sqlite3.connect(source, timeout=60)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        damage = _find_damage(copy)
    os.chmod(target, 0o600)
    if damage:
        raise Refusal(f"{source} is damaged ({damage}); restore an earlier backup.")


def _find_damage(database: sqlite3.Connection) -> str:
    """What is wrong with a database's pages, in a line; empty when nothing is."""
    try:
        found: str = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    return "" if found == "ok" else found.splitlines()[-1].rstrip(".")


def _list_applied() -> tuple[str, ...]:
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    return tuple(sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()))


def _check(manifest: Manifest) -> None:
    """Refuses a backup of other kinds of stores, or of a later Tillroll."""
    from django.db import connection, connections
    from django.db.migrations.loader import MigrationLoader

    for alias in NAMES:
        here, there = connections[alias].vendor, manifest.stores[alias]
        if here != there:
            raise Refusal(
                f"The backup holds the {alias} database of {_name(there)}, but this shop keeps it in"
                f" {_name(here)}; set TILLROLL_DATABASE_URL and TILLROLL_LOGS_URL as they were."
            )
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or ()}
    if unknown := [name for name in manifest.migrations if name not in known]:
        raise Refusal(
            f"The backup was made by Tillroll {manifest.version}, which is newer than this one"
            f" ({unknown[0]} is unknown here); restore it with that version."
        )
    if "postgresql" in (connection.vendor, connections["logs"].vendor):
        postgres.require_tools()


def _name(kind: str) -> str:
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(kind, kind)


def _check_sqlite(manifest: Manifest, files: dict[str, Path]) -> None:
    for member in manifest.members:
        if member.kind == "sqlite":
            with closing(sqlite3.connect(files[member.name])) as copy:
                damage = _find_damage(copy)
            if damage:
                raise Refusal(f"{member.name} in the backup is damaged ({damage}).")


def _has_records() -> bool:
    from django.db import DatabaseError, connections

    from tillroll.intake.demo import is_empty

    try:
        return not is_empty()
    except DatabaseError:
        return False  # nothing that could be read is lost
    finally:
        connections.close_all()


def _bring_in(home: Path, manifest: Manifest, files: dict[str, Path]) -> None:
    """SQLite files and secrets are swapped; PostgreSQL takes its dump in a transaction, before them."""
    from django.db import connections

    from tillroll.shop.revision import renew_store

    swaps = {}
    for member in manifest.members:
        if member.kind == "postgresql":
            alias = next(alias for alias, name in NAMES.items() if member.name.startswith(name))
            postgres.restore(connections[alias], files[member.name])
        elif member.kind == "sqlite":
            alias = next(alias for alias, name in NAMES.items() if member.name.startswith(name))
            swaps[Path(connections[alias].settings_dict["NAME"])] = files[member.name]
        else:
            swaps[home / SECRETS] = files[member.name]
    connections.close_all()
    with swap_files(home, swaps):
        migrate_stores()
        renew_store()  # copies of answers that clients hold are of the store as it was
        connections.close_all()


def _warn_of_pepper(manifest: Manifest) -> None:
    """Says when the keys in the backup won't open: their pepper was not in it, and another is in force."""
    from tillroll.access.digests import pepper_id

    has_secrets = any(member.kind == SECRETS for member in manifest.members)
    if pepper_id() != manifest.pepper_id and not has_secrets:
        click.echo(
            "Its API keys were made under another pepper: set TILLROLL_KEY_PEPPER as it was.", err=True
        )
