"""What a restore that broke off leaves behind."""

from pathlib import Path

SUFFIX = ".before-restore"


def find_left_over(home: Path) -> list[Path]:
    """Old files that a restore which broke off has left."""
    return sorted(home.glob(f"*{SUFFIX}"))
