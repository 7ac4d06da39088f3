"""What a fresh key is used with, shown this once, with lines to try it."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tillroll.access.digests import Pair
    from tillroll.access.keys import Caller


def show_pair(pair: "Pair") -> None:
    """Prints key, token and bearer secret, and how each way of sending them looks."""
    from django.conf import settings

    from tillroll.access.keys import find_key
    from tillroll.shop.services import get_settings

    click.echo(f"key    {pair.public_key}\ntoken  {pair.token}\nbearer {pair.bearer}\n")
    click.echo("Token and bearer secret are not kept and can't be shown again. To try them, one of:")
    kept = find_key(pair.public_key)
    endpoint = _choose_endpoint(kept.caller) if kept else "info"
    url = f"http://127.0.0.1:8000{settings.PATH_PREFIX}/edd-api/v2/{endpoint}/"
    if get_settings().query_credentials:
        click.echo(f"  curl '{url}?key={pair.public_key}&token={pair.token}'")
    click.echo(f"  curl -u '{pair.public_key}:{pair.token}' '{url}'")
    click.echo(f"  curl -H 'Authorization: Bearer {pair.bearer}' '{url}'")


def _choose_endpoint(caller: "Caller") -> str:
    """One that answers something."""
    from tillroll.access.capabilities import Capability

    reads_sales = caller.can(Capability.VIEW_SHOP_REPORTS) or caller.customer_id is not None
    wanted = (("sales",) if reads_sales else ()) + ("info", *caller.policy.list_endpoints())
    return next((name for name in wanted if caller.may_ask(name)), "info")
