"""Which host this is: several may share their databases, but an upload lies on the disk of one of them."""

import os
import secrets
from pathlib import Path

from django.conf import settings


def get_host_id() -> str:
    """The id of the shop's folder, made once. It is the name of the queue for what only this host can do."""
    path = Path(settings.TILLROLL_HOME) / "host"
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"host.{secrets.token_hex(8)}")
    fresh.write_text(secrets.token_hex(16), "ascii")
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass  # another process was quicker: its id counts
    finally:
        fresh.unlink()
    return path.read_text("ascii").strip()


def get_uploads() -> Path:
    """The folder of uploads, which is its owner's alone."""
    folder = Path(settings.TILLROLL_HOME) / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
