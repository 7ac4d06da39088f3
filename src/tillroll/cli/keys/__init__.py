"""`tillroll keys`: API keys issued, changed, rotated, revoked and listed, and the peppers of their digests.
What a key is used with is shown once, when it is made."""

import click

from tillroll.cli.keys.change import issue, revoke, rotate, set_key
from tillroll.cli.keys.peppers import drop_old_peppers, new_pepper
from tillroll.cli.keys.show import list_keys, show


@click.group()
def keys() -> None:
    """Issue, change, rotate, revoke and list API keys."""


for command in (issue, set_key, rotate, revoke, list_keys, show, new_pepper, drop_old_peppers):
    keys.add_command(command)
