"""The shop's two secrets: made once, kept in a file that only its owner reads, or given by the
environment."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Secrets:
    secret_key: str
    key_pepper: str


def load_secrets(path: Path, *, secret_key: str = "", key_pepper: str = "") -> Secrets:
    """The secrets given, else those in the file, which is made with fresh ones where it does not exist."""
    if secret_key and key_pepper:
        return Secrets(secret_key, key_pepper)
    kept = _read(path) if path.exists() else _make(path)
    return Secrets(secret_key or kept["SECRET_KEY"], key_pepper or kept["KEY_PEPPER"])


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
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in made.items())
    try:
        os.link(draft, path)
    except FileExistsError:
        return _read(path)
    finally:
        draft.unlink()
    return made
