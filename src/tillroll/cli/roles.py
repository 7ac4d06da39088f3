"""`tillroll roles`: what users may do, and what their keys may ask and how often."""

from typing import TYPE_CHECKING, Any

import click

from tillroll.cli.limits import describe_policy, limit_options, read_limits, read_words
from tillroll.cli.refusals import Refusal, describe_invalid
from tillroll.cli.stores import changing, on_shop

if TYPE_CHECKING:
    from tillroll.access.models import Role


@click.group()
def roles() -> None:
    """Show, change, make and delete roles."""


@roles.command("list")
@on_shop
def list_roles() -> None:
    """Show every role with what it allows and how many have it."""
    from django.db.models import Count

    from tillroll.access.models import Role
    from tillroll.cli.tables import print_table

    print_table(
        ("Role", "Name", "Capabilities", "Limits", "Users"),
        [
            (
                role.slug,
                role.name,
                ", ".join(sorted(role.capabilities)),
                describe_policy(role.own_policy),
                str(role.holders),
            )
            for role in Role.objects.annotate(holders=Count("user_roles")).order_by("pk")
        ],
    )


@roles.command()
@click.argument("role")
@on_shop
def show(role: str) -> None:
    """Show what ROLE allows."""
    found = find_role(role)
    policy = found.own_policy
    users = found.user_roles.select_related("user").order_by("user__username")
    names = [held.user.username for held in users[:MOST_SHOWN]]
    more = users.count() - len(names)
    rows = (
        ("role", found.slug),
        ("name", found.name),
        ("capabilities", ", ".join(sorted(found.capabilities)) or "none"),
        ("endpoints", ", ".join(policy.list_endpoints())),
        ("hides", ", ".join(sorted(policy.hidden)) or "nothing"),
        ("two-factor", "demanded" if found.requires_two_factor else "as each likes"),
        ("a minute", _describe_limit(policy.minute)),
        ("a day", _describe_limit(policy.day)),
        ("a month", _describe_limit(policy.month)),
        ("users", (", ".join(names) or "none") + (f" and {more} more" if more else "")),
        ("comes from", found.source.name if found.source else "this shop"),
    )
    for name, value in rows:
        click.echo(f"{name:<14}{value}")


MOST_SHOWN = 20
"""Users that are named: every buyer of a shop may be a subscriber."""


@roles.command("set")
@click.argument("role")
@click.option("--name", help="How it is called in the back office.")
@click.option(
    "--capability",
    "capabilities",
    multiple=True,
    metavar="NAME",
    help="What its users may do, such as view_shop_reports; may be repeated.",
)
@click.option(
    "--two-factor/--no-two-factor",
    "requires_two_factor",
    default=None,
    help="Whether its users log in with a second factor.",
)
@limit_options
@changing
def set_role(
    role: str,
    name: str | None,
    capabilities: tuple[str, ...],
    requires_two_factor: bool | None,
    **chosen: Any,
) -> None:
    """Change ROLE, or make it; what is not named stays, `none` empties."""
    from django.core.exceptions import ValidationError

    from tillroll.access.models import Role
    from tillroll.access.services import save_role

    held = read_words("--capability", capabilities) if capabilities else None
    limits = read_limits(**chosen)
    is_new = not Role.objects.filter(slug=role).exists()
    if not (is_new or limits or requires_two_factor is not None or name is not None or held is not None):
        raise Refusal("Nothing would change; `tillroll roles set --help` says what can be set.")
    try:
        saved = save_role(
            role, name=name, capabilities=held, requires_two_factor=requires_two_factor, **limits
        )
    except ValidationError as error:
        raise Refusal(describe_invalid(error)) from error
    if is_new:
        click.echo(f"Made {saved.slug}; `tillroll user role NAME {saved.slug}` gives it to a user.")
    else:
        click.echo(f"Changed {saved.slug}; it counts from the next request on.")


@roles.command()
@click.argument("role")
@changing
def delete(role: str) -> None:
    """Remove ROLE, if nobody has it and it is not one of EDD's."""
    from django.core.exceptions import ValidationError

    from tillroll.access.services import delete_role

    found = find_role(role)
    try:
        delete_role(found)
    except ValidationError as error:
        raise Refusal(describe_invalid(error)) from error
    click.echo(f"Deleted {found.slug}.")


def find_role(slug: str) -> "Role":
    """The role of a slug; refuses one that isn't there."""
    from tillroll.access.models import Role
    from tillroll.cli.users import require_roles

    require_roles((slug,))
    return Role.objects.get(slug=slug)


def _describe_limit(limit: int | None) -> str:
    return "no limit" if limit is None else str(limit)
