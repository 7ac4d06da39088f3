"""`tillroll keys`: API keys issued, revoked and listed. A token is shown once, when it is made."""

import click

from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import on_shop

SHORTEST = 4
"""How much of a public key has to be given to revoke it: less would be a slip of the finger."""


@click.group()
def keys() -> None:
    """Issue, revoke and list API keys."""


@keys.command()
@click.argument("user")
@click.option("--label", default="", help="What the key is for; the request log shows it.")
@on_shop
def issue(user: str, label: str) -> None:
    """Make a key for USER and show it, with its token, this once."""
    from django.conf import settings

    from tillroll.access.services import issue_key
    from tillroll.cli.users import find_user

    owner = find_user(user)
    if len(label) > 100:
        raise Refusal("A label has at most 100 characters.")
    _, pair = issue_key(owner, label=label)
    url = f"http://127.0.0.1:8000{settings.PATH_PREFIX}/edd-api/v2/sales/"
    click.echo(f"key    {pair.public_key}\ntoken  {pair.token}\n")
    click.echo("The token is not kept and can't be shown again. To try it:")
    click.echo(f"  curl '{url}?key={pair.public_key}&token={pair.token}'")
    if not owner.capabilities:
        click.echo(
            f"{owner.username} has no role that may read the shop's figures;"
            f" give one: tillroll user role {owner.username} shop_manager",
            err=True,
        )


@keys.command()
@click.argument("key")
@on_shop
def revoke(key: str) -> None:
    """End the key that is KEY or begins with it."""
    from tillroll.access.models import ApiKey
    from tillroll.access.services import revoke_key

    if len(key) < SHORTEST:
        raise Refusal(f"Give at least the first {SHORTEST} characters of the key.")
    found = list(ApiKey.objects.filter(public_key__startswith=key).select_related("user").order_by("pk")[:2])
    found = [one for one in found if one.public_key == key] or [
        one for one in found if one.public_key.startswith(key)
    ]
    if not found:
        raise Refusal(f"No key begins with {key}; `tillroll keys list` shows them.")
    if len(found) > 1:
        raise Refusal(f"Several keys begin with {key}; give more of it.")
    if found[0].revoked_at:
        raise Refusal(f"That key was revoked on {found[0].revoked_at:%Y-%m-%d at %H:%M:%S} UTC already.")
    revoke_key(found[0])
    click.echo(f"Revoked {found[0].public_key} of {found[0].user.username}.")


@keys.command("list")
@on_shop
def list_keys() -> None:
    """Show all keys, without their tokens."""
    from tillroll.access.digests import pepper_id
    from tillroll.access.models import ApiKey
    from tillroll.cli.tables import print_table

    rows = []
    for key in ApiKey.objects.select_related("user").order_by("created_at", "pk"):
        state = "in force" if key.pepper_id == pepper_id() else "pepper lost"
        if key.revoked_at:
            state = f"revoked {key.revoked_at:%Y-%m-%d}"
        rows.append((key.public_key, key.user.username, key.label, f"{key.created_at:%Y-%m-%d}", state))
    if not rows:
        click.echo("There are no keys; `tillroll keys issue USER` makes one.")
        return
    print_table(("Key", "User", "Label", "Made", "State"), rows)
