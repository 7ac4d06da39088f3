"""`tillroll import`: another shop's records, taken over whole."""

from pathlib import Path

import click

from tillroll.cli.progress import show_progress
from tillroll.cli.stores import migrate_stores, require_unmirrored, set_up


@click.group("import")
def import_() -> None:
    """Take over another shop's records."""


@import_.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--prefix", metavar="wp_", help="The shop's table prefix, for a dump that holds several shops.")
def wordpress(file: Path, prefix: str | None) -> None:
    """Bring in, or up to date, the EDD 3 shop in the database dump FILE (.sql or .sql.gz).

    The dump is read first; then all its records replace those of its last import at once, or nothing changes.
    """
    set_up()
    from tillroll.cli.tables import print_rich
    from tillroll.intake.wordpress.importer import import_dump
    from tillroll.intake.wordpress.summary import render_summary

    migrate_stores()
    require_unmirrored()
    with show_progress("DownloadColumn", "Reading") as on_progress:
        summary = import_dump(file, prefix=prefix, on_progress=on_progress)
    print_rich(render_summary(summary))
