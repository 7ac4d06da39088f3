"""`tillroll doctor`: looks for what is wrong and says what to do about it."""

import sys

import click

from tillroll.cli.checks import BASIC, RECORDS, check_content
from tillroll.cli.findings import Finding, State
from tillroll.cli.stores import set_up
from tillroll.cli.tables import print_table


@click.command(short_help="Look for what is wrong and say what to do about it.")
@click.option("--deep", is_flag=True, help="Read every page of the SQLite files too; slow for a large shop.")
@click.option("--repair", is_flag=True, help="Compute all kept counts and figures anew first.")
def doctor(deep: bool, repair: bool) -> None:
    """Check settings, databases, clock, secrets and kept counts; the exit code is 1 when something is
    wrong."""
    set_up()
    from tillroll.stats import rollup

    findings: list[Finding] = []
    for check in BASIC:
        findings += check()
    if not any(finding.state == State.WRONG for finding in findings if finding.about != "Secrets"):
        if repair:
            rollup.repair()
        for check in (*RECORDS, *((check_content,) if deep else ())):
            findings += check()
    _show(findings)
    sys.exit(any(finding.state == State.WRONG for finding in findings))


def _show(findings: list[Finding]) -> None:
    print_table(
        ("", "About", "Found", "What to do"),
        [(finding.state, finding.about, finding.found, finding.advice) for finding in findings],
    )
