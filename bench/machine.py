"""The machine that a run was measured on, named in its results."""

import os
import platform
import shutil
import sqlite3
import time
from pathlib import Path

from bench.results import Machine


def describe_machine(asked: str) -> Machine:
    """This machine; `asked` says in a sentence how was measured."""
    return Machine(
        time.strftime("%Y-%m-%d", time.gmtime()),
        len(os.sched_getaffinity(0)),
        _read_processor(),
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        f"{platform.system()} {platform.release().partition('-')[0]}",
        platform.python_version(),
        sqlite3.sqlite_version,
        "wrk" if shutil.which("wrk") else "the bench's own",
        asked,
    )


def _read_processor() -> str:
    """The model as Linux names it; elsewhere the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
