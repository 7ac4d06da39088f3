"""How one gets into the demo shop: an API key and a login to the back office, made anew for each demo.

The database keeps only digests, so what was made is kept in a file that only its owner reads, until a real
shop's records replace the demo.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from tillroll.access.digests import digest_token, find_pepper
from tillroll.access.models import ApiKey, User
from tillroll.access.services import create_user, issue_key, set_password
from tillroll.shop.models import Source, SourceKind
from tillroll.shop.revision import Topic, write

FILE = "demo-credentials"
_NAMES = ("public_key", "token", "login", "password")


@dataclass(frozen=True)
class Access:
    """The demo's key with its token, and its login with its password, in clear."""

    public_key: str
    token: str
    login: str
    password: str
    path: Path


def ensure_access() -> Access | None:
    """The way into the demo shop, made anew where the file or the key is gone; None, and no file, without a
    demo."""
    path: Path = settings.TILLROLL_HOME / FILE
    if not Source.objects.filter(kind=SourceKind.DEMO).exists():
        path.unlink(missing_ok=True)
        return None
    kept = _read(path)
    if kept and _opens(kept):
        return kept
    return _make(path)


def _opens(kept: Access) -> bool:
    """Whether the key in the file is still the demo's, also after a change of the pepper."""
    key = ApiKey.objects.filter(public_key=kept.public_key, revoked_at=None, user__is_demo=True).first()
    pepper = find_pepper(key.pepper_id) if key else None
    return bool(key and pepper and key.token_digest == digest_token(kept.token, pepper))


def _read(path: Path) -> Access | None:
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        return None
    kept = dict(line.split("=", 1) for line in lines if "=" in line)
    if not all(kept.get(name) for name in _NAMES):
        return None
    return Access(kept["public_key"], kept["token"], kept["login"], kept["password"], path)


def _make(path: Path) -> Access:
    password = secrets.token_urlsafe(12)
    with write(Topic.ACCESS):
        User.objects.filter(is_demo=True).delete()
        login, number = "demo", 1
        while User.objects.filter(username=login).exists():
            number += 1
            login = f"demo{number}"
        # a superuser, so that every page of the back office can be looked at; from this machine only
        user = create_user(
            login, display_name="Demo", roles=("shop_manager",), is_superuser=True, is_demo=True
        )
        set_password(user, password)
        _, pair = issue_key(user, label="Demo")
        access = Access(pair.public_key, pair.token, login, password, path)
        _write(access)
    return access


def _write(access: Access) -> None:
    draft = access.path.with_name(f"{FILE}.{os.getpid()}")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.writelines(f"{name}={getattr(access, name)}\n" for name in _NAMES)
    draft.replace(access.path)
