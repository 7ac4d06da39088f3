"""`tillroll doctor`: looks for what is wrong and says what to do about it."""

import sys
from pathlib import Path

import click
from click.core import ParameterSource

from tillroll.checks.basic import BASIC, RECORDS, SHOP, check_content
from tillroll.checks.findings import Finding, State
from tillroll.cli.compare import asking_options, has_unexplained, run_comparison, show_comparison
from tillroll.cli.refusals import Refusal
from tillroll.cli.replica_checks import check_replicas
from tillroll.cli.stores import set_up
from tillroll.cli.tables import print_table


@click.command(short_help="Look for what is wrong and say what to do about it.")
@click.option("--deep", is_flag=True, help="Read every page of the SQLite files too; slow for a large shop.")
@click.option("--repair", is_flag=True, help="Compute all kept counts and figures anew first.")
@click.option("--shop", metavar="URL", help="Compare with the EDD API there instead of looking in here.")
@asking_options
def doctor(
    deep: bool, repair: bool, shop: str | None, here: str | None, credentials: Path | None, rate: float
) -> None:
    """Check settings, databases, clock, secrets and kept counts; the exit code is 1 when something is
    wrong.

    With --shop, ask the shop at URL and this one the same questions; the exit code is 1 when an answer
    differs and docs/differences.md doesn't say why. `tillroll compare` writes that as a report.
    """
    if shop is not None:
        if deep or repair:
            raise Refusal("--shop compares answers, and goes with neither --deep nor --repair.")
        comparison = run_comparison(shop, here, credentials, rate, argument="--shop")
        show_comparison(comparison)
        sys.exit(has_unexplained(comparison))
    is_rate_given = click.get_current_context().get_parameter_source("rate") is not ParameterSource.DEFAULT
    if here or credentials or is_rate_given:
        raise Refusal("--here, --credentials and --rate are for a comparison; name the other shop by --shop.")
    set_up()
    from tillroll.stats import rollup

    findings: list[Finding] = []
    for check in BASIC:
        findings += check()
    if not any(finding.state == State.WRONG for finding in findings if finding.about != "Secrets"):
        if repair:
            rollup.repair()
        for check in (*SHOP, check_replicas, *RECORDS, *((check_content,) if deep else ())):
            findings += check()
    _show(findings)
    sys.exit(any(finding.state == State.WRONG for finding in findings))


def _show(findings: list[Finding]) -> None:
    print_table(
        ("", "About", "Found", "What to do"),
        [(finding.state, finding.about, finding.found, finding.advice) for finding in findings],
    )
