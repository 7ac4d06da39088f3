"""How far long work is: a bar on a terminal, nothing in a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

Figure = Literal["DownloadColumn", "MofNCompleteColumn", "TaskProgressColumn"]
"""rich's names of what stands beside the bar: bytes, how many of how many, or per cent."""

OnProgress = Callable[[int, int, str], None]
"""Takes what is done, of how much, and what it is that is being done."""


@contextmanager
def show_progress(figure: Figure, label: str = "", total: int | None = None) -> Iterator[OnProgress]:
    """Gives what is to be called as the work goes on; `label` and `total` stand there until it is."""
    if not sys.stderr.isatty():
        yield lambda _done, _total, _label: None
        return
    from rich import progress as bars
    from rich.console import Console

    beside = getattr(bars, figure)()
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), beside, bars.TimeRemainingColumn())
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=total)
        yield lambda done, total, label: progress.update(task, completed=done, total=total, description=label)
