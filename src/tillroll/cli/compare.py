"""`tillroll compare`: another shop's API and this one's, question by question; so does `doctor --shop`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tillroll.cli.progress import show_progress
from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import require_migrated, set_up

if TYPE_CHECKING:
    from tillroll.cli.comparing.comparison import Comparison

Function = TypeVar("Function", bound=Callable[..., Any])

FORMS = (".html", ".md", ".json")


def asking_options(command: Function) -> Function:
    """How the two are asked."""
    for option in (
        click.option(
            "--here", metavar="URL", help="A running Tillroll, in place of the shop in TILLROLL_HOME."
        ),
        click.option(
            "--credentials",
            metavar="FILE",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="A file with two lines: a key that both shops know, and its token.",
        ),
        click.option(
            "--rate",
            default=4.0,
            show_default=True,
            type=click.FloatRange(0.01, 1000),
            help="Requests in a second at most.",
        ),
    ):
        command = option(command)
    return command


@click.command(short_help="Compare another shop's API with this one, and write a report.")
@click.argument("url")
@asking_options
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The report: an .html, .md or .json file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all that differs as JSON.")
def compare(
    url: str, here: str | None, credentials: Path | None, rate: float, output: Path | None, as_json: bool
) -> None:
    """Ask the EDD API at URL and this Tillroll the same questions, and report how the answers differ.

    Both must know the key: TILLROLL_SHOP_KEY and TILLROLL_SHOP_TOKEN, or --credentials, or typed. The exit
    code is 1 when a difference is unexplained, else 0.
    """
    if output and output.suffix.lower() not in FORMS:
        raise Refusal(f"{output} must end in .html, .md or .json: that says what it becomes.")
    if output:
        _require_place(output)
    comparison = run_comparison(url, here, credentials, rate, argument="URL")
    from tillroll.cli.comparing.report import render_html, render_json, render_markdown

    if output:
        render = dict(zip(FORMS, (render_html, render_markdown, render_json), strict=True))
        _write(output, render[output.suffix.lower()](comparison))
    if as_json:
        click.echo(render_json(comparison))
    else:
        show_comparison(comparison)
    if output:
        click.echo(f"The report is {output}.", err=as_json)
    sys.exit(has_unexplained(comparison))


def _require_place(path: Path) -> None:
    """Raises Refusal where the report can't be written, before anything is asked for it."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise Refusal(f"There is no folder {folder} for the report.")
    if path.is_dir():
        raise Refusal(f"{path} is a folder; name a file for the report.")
    try:
        scratch, descriptor = _open_scratch(path)
        os.close(descriptor)
        scratch.unlink()
    except OSError as error:
        raise Refusal(f"The report can't be written to {folder}: {error.strerror}.") from error


def _open_scratch(path: Path) -> tuple[Path, int]:
    """A new file beside the report's place, open for its owner alone."""
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)
    return scratch, os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _write(path: Path, text: str) -> None:
    """The report names customers, so it is its owner's alone; a link at its place is not followed."""
    try:
        scratch, descriptor = _open_scratch(path)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        scratch.replace(path)
    except OSError as error:
        raise Refusal(f"The report can't be written to {path}: {error.strerror}.") from error


def run_comparison(
    url: str, here: str | None, file: Path | None, rate: float, *, argument: str
) -> "Comparison":
    """Asks both. Raises Refusal where that can't be done."""
    set_up()
    from django.utils import timezone

    from tillroll.cli.comparing.comparison import compare as compare_shops
    from tillroll.cli.comparing.sides import Here, Remote, Side
    from tillroll.cli.credentials import read_credentials

    pair_file = read_credentials(file)
    theirs = Remote(url, pair_file, rate, option=argument)
    ours: Side
    if here is None:
        require_migrated()
        ours = Here(pair_file)
    else:
        ours = remote = Remote(here, pair_file, rate, option="--here")
        remote.find()
    theirs.find()
    if theirs.is_tillroll:
        click.echo(f"{theirs.name} is answered by a Tillroll, not by EDD.", err=True)
    elif here is None:
        _note_dialect()
    with show_progress("MofNCompleteColumn", "Asking") as on_progress:
        return compare_shops(
            theirs,
            ours,
            timezone.now(),
            lambda done, total: on_progress(done, max(done, total), "Asking"),
        )


def _note_dialect() -> None:
    from tillroll.shop.models import Dialect, ShopSettings

    if ShopSettings.objects.filter(dialect=Dialect.DOCUMENTED).exists():
        click.echo(
            "This shop speaks the dialect documented, and EDD 3 speaks edd3: what differs for that is"
            " unexplained. Run: tillroll settings set dialect edd3",
            err=True,
        )


def show_comparison(comparison: "Comparison") -> None:
    """The counts by endpoint, and what differs, the unexplained first."""
    from tillroll.cli.comparing.comparison import Verdict
    from tillroll.cli.comparing.report import (
        HEADINGS,
        name_question,
        name_reason,
        show_path,
        show_value,
        summarise,
    )
    from tillroll.cli.tables import print_table

    print_table(
        ("Endpoint", "Asked", "Same", "Meant to differ", "Unexplained"),
        [
            (endpoint, str(counted.total()), *(str(counted[verdict]) for verdict in Verdict))
            for endpoint, counted in comparison.count_by_endpoint().items()
        ],
    )
    for verdict in HEADINGS:
        for outcome in comparison.list_differing(verdict):
            click.echo(f"\n{verdict}: {name_question(outcome)}")
            for reason in outcome.reasons:
                click.echo(f"  reason: {name_reason(reason)} (docs/differences.md)")
            if verdict is Verdict.UNEXPLAINED:
                for each in outcome.differences[:3]:
                    values = (show_value(each.theirs), show_value(each.ours))
                    click.echo(f"  {show_path(each)}: the shop {values[0]}, Tillroll {values[1]}")
                if rest := max(0, len(outcome.differences) - 3) + outcome.more:
                    click.echo(f"  ... and {rest:,} more")
    click.echo(f"\n{summarise(comparison)}")


def has_unexplained(comparison: "Comparison") -> bool:
    from tillroll.cli.comparing.comparison import Verdict

    return comparison.count(Verdict.UNEXPLAINED) > 0
