"""The form of a backup: a .tar.gz whose first member, manifest.json, says what the others are and their
hashes.

A backup is written beside its place and moved there whole, readable by its owner alone: it holds the pepper,
which opens the shop's API keys.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from tillroll.cli.refusals import Refusal

FORMAT = 1
"""Raised when an older Tillroll could no longer read what this one writes."""

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 20
_CHUNK = 1 << 20
_LEVEL = 5
"""gzip's effort: nearly as small as with 6, half the time."""


@dataclass(frozen=True)
class Member:
    """A file in the backup. `kind`: sqlite, postgresql or secrets."""

    name: str
    kind: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `stores` names the kind of each database, `migrations` those that were applied."""

    format: int
    version: str
    created: str
    pepper_id: str
    stores: Mapping[str, str]
    migrations: tuple[str, ...]
    members: tuple[Member, ...]


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_archive(target: Path, manifest: Manifest, files: Mapping[str, Path], *, replace: bool) -> None:
    """Writes the backup, whole or not at all, with mode 0600; refuses a target that is there unless
    `replace`."""
    text = json.dumps(asdict(manifest), indent=1).encode()
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as draft:
        try:
            with tarfile.open(fileobj=draft, mode="w:gz", compresslevel=_LEVEL) as tar:
                tar.addfile(_describe(MANIFEST, len(text)), io.BytesIO(text))
                for member in manifest.members:
                    with files[member.name].open("rb") as file:
                        tar.addfile(_describe(member.name, member.size), file)
            draft.flush()
            os.fsync(draft.fileno())
            if replace:
                os.replace(draft.name, target)
            else:
                os.link(draft.name, target)
                os.unlink(draft.name)
        except FileExistsError as error:
            os.unlink(draft.name)
            raise refuse_existing(target) from error
        except BaseException:
            os.unlink(draft.name)
            raise


def refuse_existing(target: Path) -> Refusal:
    return Refusal(f"{target} is there already; give another name, or --force to replace it.")


def read_archive(
    source: Path, folder: Path, check: Callable[[Manifest], None]
) -> tuple[Manifest, dict[str, Path]]:
    """Unpacks a backup into a folder once `check` accepted its manifest; refuses what is no backup or not
    whole."""
    broken = f"{source} is not a whole backup of Tillroll"
    try:
        with tarfile.open(source, "r:gz") as tar:
            manifest = _read_manifest(tar, broken)
            check(manifest)
            return manifest, {
                member.name: _unpack(tar, member, folder, broken) for member in manifest.members
            }
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise Refusal(f"{broken} ({str(error) or type(error).__name__}).") from error
    except OSError as error:
        if error.errno is None:  # gzip's own: not gzip, or a wrong checksum
            raise Refusal(f"{broken} ({error}).") from error
        raise


def _describe(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def _read_manifest(tar: tarfile.TarFile, broken: str) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > LARGEST_MANIFEST:
        raise Refusal(f"{broken}: it does not begin with {MANIFEST}.")
    file = tar.extractfile(first)
    content = json.loads(file.read() if file else b"")
    if content["format"] > FORMAT:
        raise Refusal(
            f"The backup was made by Tillroll {content['version']}; restore it with that version or later."
        )
    members = tuple(Member(**member) for member in content.pop("members"))
    migrations = tuple(content.pop("migrations"))
    if any(Path(member.name).name != member.name or member.name.startswith(".") for member in members):
        raise Refusal(f"{broken}: it names files outside of itself.")
    return Manifest(members=members, migrations=migrations, **content)


def _unpack(tar: tarfile.TarFile, member: Member, folder: Path, broken: str) -> Path:
    info = tar.next()
    if info is None or info.name != member.name or not info.isreg() or info.size != member.size:
        raise Refusal(f"{broken}: {member.name} is missing or has another size.")
    file = tar.extractfile(info)
    path = folder / member.name
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for piece in _read_pieces(file):
            digest.update(piece)
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    if digest.hexdigest() != member.sha256:
        raise Refusal(f"{broken}: {member.name} is not what was saved.")
    return path


def _read_pieces(file: IO[bytes] | None) -> Iterable[bytes]:
    while file and (piece := file.read(_CHUNK)):
        yield piece
