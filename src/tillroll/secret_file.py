"""The shop's two secrets: made once, kept in a file that only its owner reads, or given by the
environment."""

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Secrets:
    secret_key: str
    key_pepper: str
    old_key_peppers: tuple[str, ...] = ()


def load_secrets(
    path: Path, *, secret_key: str = "", key_pepper: str = "", old_key_peppers: Iterable[str] = ()
) -> Secrets:
    """The secrets given, else those in the file, which is made with fresh ones where it does not exist.

    Old peppers of both count: whoever changes a pepper in one place must not lose those of the other.
    """
    if secret_key and key_pepper:
        return Secrets(secret_key, key_pepper, tuple(old_key_peppers))
    kept = _read(path) if path.exists() else _make(path)
    return Secrets(
        secret_key or kept["SECRET_KEY"],
        key_pepper or kept["KEY_PEPPER"],
        tuple(dict.fromkeys((*old_key_peppers, *kept.get("OLD_KEY_PEPPERS", "").split()))),
    )


def holds_pepper(path: Path, pepper: str) -> bool:
    """Whether a pepper is the one in the file, and not one that the environment gave."""
    return path.exists() and _read(path)["KEY_PEPPER"] == pepper


def list_old_peppers(path: Path) -> list[str]:
    """The old peppers in the file; none where there is no file."""
    return _read(path).get("OLD_KEY_PEPPERS", "").split() if path.exists() else []


def change_pepper(path: Path) -> int:
    """Writes a fresh pepper into the file, behind which the one so far is kept as an old one; how many old
    ones there are. Servers take it when they are started anew."""
    kept = _read(path)
    old = [kept["KEY_PEPPER"], *kept.get("OLD_KEY_PEPPERS", "").split()]
    _write(path, {**kept, "KEY_PEPPER": secrets.token_hex(32), "OLD_KEY_PEPPERS": " ".join(old)}).replace(
        path
    )
    return len(old)


def drop_old_peppers(path: Path) -> int:
    """Takes the old peppers out of the file; how many there were."""
    kept = _read(path)
    old = kept.pop("OLD_KEY_PEPPERS", "").split()
    if old:
        _write(path, kept).replace(path)
    return len(old)


def _read(path: Path) -> dict[str, str]:
    from django.core.exceptions import ImproperlyConfigured

    lines = (line.partition("=") for line in path.read_text("ascii").splitlines())
    kept = {name.strip(): value.strip() for name, _, value in lines}
    missing = [name for name in ("SECRET_KEY", "KEY_PEPPER") if not kept.get(name)]
    if missing:
        raise ImproperlyConfigured(
            f"{path} has no {' and no '.join(missing)};"
            " restore it from a backup (the pepper opens every API key)."
        )
    return kept


def _make(path: Path) -> dict[str, str]:
    """Writes the file whole or not at all; when another process was first, its secrets count."""
    made = {"SECRET_KEY": secrets.token_urlsafe(48), "KEY_PEPPER": secrets.token_hex(32)}
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _write(path, made)
    try:
        os.link(draft, path)
    except FileExistsError:
        return _read(path)
    finally:
        draft.unlink()
    return made


def _write(path: Path, kept: Mapping[str, str]) -> Path:
    """A draft beside the file, whole and its owner's alone."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in kept.items())
    return draft
