"""`tillroll pull`: another shop's records, read through its API."""

from pathlib import Path

import click

from tillroll.cli.credentials import read_credentials
from tillroll.cli.progress import show_progress
from tillroll.cli.stores import migrate_stores, require_unmirrored, set_up

_UNLISTED = {"few": None, "all": True, "none": False}


@click.command(short_help="Copy another shop through its EDD API.")
@click.argument("address")
@click.option(
    "--credentials",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with two lines: the key and its token.",
)
@click.option(
    "--rate",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0.01, 1_000),
    help="Requests in a second at most.",
)
@click.option(
    "--number",
    default=256,
    show_default=True,
    type=click.IntRange(1, 1_000),
    help="Rows asked for at once to begin with; halved where the shop fails.",
)
@click.option(
    "--unlisted",
    type=click.Choice(list(_UNLISTED)),
    default="few",
    show_default=True,
    help="Ask, one by one, for the ids that the list of sales leaves out (refunds, unfinished orders):"
    " where they are few, all, or none.",
)
@click.option("--timezone", metavar="ZONE", help="The shop's time zone, where its sales don't show it.")
@click.option("--afresh", is_flag=True, help="Read everything anew; don't go on from a pull that broke off.")
@click.option(
    "--tls-ca",
    "ca",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Certificates of an authority of your own.",
)
@click.option("--insecure", is_flag=True, help="Allow http:// to another machine.")
def pull(
    address: str,
    file: Path | None,
    rate: float,
    number: int,
    unlisted: str,
    timezone: str | None,
    afresh: bool,
    ca: Path | None,
    insecure: bool,
) -> None:
    """Bring in, or up to date, what an administrator's key sees of the shop at ADDRESS.

    The key and its token come from TILLROLL_SHOP_KEY and TILLROLL_SHOP_TOKEN, from --credentials, or are
    asked for. All is read first, and read on after a break; then it replaces what the last pull brought.
    """
    set_up()
    from tillroll.cli.tables import print_rich
    from tillroll.intake.remote.address import read_address
    from tillroll.intake.remote.pace import Pace
    from tillroll.intake.remote.pulling import Wishes
    from tillroll.intake.remote.pulling import pull as pull_shop
    from tillroll.intake.remote.summary import render_pull
    from tillroll.shop.zone import parse_zone

    shop = read_address(address, may_be_insecure=insecure)
    if timezone is not None:
        parse_zone(timezone)
    credentials = read_credentials(file)
    migrate_stores()
    require_unmirrored()
    wishes = Wishes(timezone=timezone, is_fresh=afresh, number=number, unlisted=_UNLISTED[unlisted], ca=ca)
    with show_progress("MofNCompleteColumn", "Reading") as on_progress:
        summary = pull_shop(
            shop,
            credentials,
            wishes,
            pace=Pace(rate),
            on_progress=lambda done, total, what: on_progress(done, max(done, total), what),
        )
    print_rich(render_pull(summary))
