"""`tillroll user`: people and programs that log in or hold keys."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from tillroll.cli.refusals import Refusal, describe_invalid
from tillroll.cli.stores import changing, on_shop

if TYPE_CHECKING:
    from tillroll.access.models import User


@click.group()
def user() -> None:
    """Add users, and give them roles and passwords."""


@user.command()
@click.argument("name")
@click.option("--email", default="", help="Their e-mail address.")
@click.option(
    "--role", "roles", multiple=True, metavar="ROLE", help="A role, such as shop_manager; may be repeated."
)
@click.option("--superuser", is_flag=True, help="May do everything in the back office.")
@click.option(
    "--password-stdin", is_flag=True, help="Take the password from the first line of standard input."
)
@click.option("--no-password", is_flag=True, help="They only hold API keys and don't log in, for now.")
@click.option("--service", is_flag=True, help="A program: it holds API keys and never logs in.")
@changing
def add(
    name: str,
    email: str,
    roles: tuple[str, ...],
    superuser: bool,
    password_stdin: bool,
    no_password: bool,
    service: bool,
) -> None:
    """Add the user NAME; asks for a password on a terminal."""
    from django.core.exceptions import ValidationError

    from tillroll.access.services import add_user, check_new_user, find_namesake, issue_automatic_key
    from tillroll.cli.keys.pair import show_pair
    from tillroll.shop.revision import Topic, write

    if password_stdin and no_password:
        raise Refusal("Give --password-stdin or --no-password, not both.")
    if service and (password_stdin or superuser):
        raise Refusal("A service account never logs in; leave out --password-stdin and --superuser.")
    if taken := find_namesake(name):
        raise Refusal(
            f"There is a user {taken.username} already; `tillroll user role` and `user password` change it."
        )
    require_roles(roles)
    try:
        check_new_user(name, email=email)  # before a password is asked for
        password = None if no_password or service else _read_password(password_stdin)
        with write(Topic.ACCESS):
            made = add_user(
                name,
                email=email,
                password=password,
                roles=dict.fromkeys(roles),
                is_superuser=superuser,
                is_service=service,
            )
            issued = issue_automatic_key(made)
    except ValidationError as error:
        raise Refusal(describe_invalid(error)) from error
    click.echo(f"Added {name}" + (f" ({', '.join(roles)})." if roles else ", without a role."))
    if issued:
        click.echo("\nThe shop's setting auto_keys makes a key for them:")
        show_pair(issued[1])
    elif password is None:
        click.echo(f"They can't log in; `tillroll keys issue {name}` makes them a key.")


@user.command()
@click.argument("name")
@click.argument("roles", nargs=-1, required=True, metavar="ROLE...")
@changing
def role(name: str, roles: tuple[str, ...]) -> None:
    """Give the user NAME exactly these roles."""
    from tillroll.access.services import set_roles

    found = find_user(name)
    require_roles(roles)
    set_roles(found, dict.fromkeys(roles))
    click.echo(f"{found.username} is now {', '.join(dict.fromkeys(roles))}.")


@user.command()
@click.argument("name")
@click.option("--stdin", "from_stdin", is_flag=True, help="Take it from the first line of standard input.")
@changing
def password(name: str, from_stdin: bool) -> None:
    """Set the password of the user NAME; asks for it on a terminal."""
    from django.core.exceptions import ValidationError

    from tillroll.access.services import set_password

    found = find_user(name)
    given = _read_password(from_stdin)
    if given is None:
        raise Refusal("There is no terminal to ask on; give the password on standard input with --stdin.")
    try:
        set_password(found, given)
    except ValidationError as error:
        raise Refusal(describe_invalid(error)) from error
    click.echo(f"The password of {found.username} is set.")


@user.command()
@click.argument("name")
@changing
def disable(name: str) -> None:
    """Shut the user NAME out, with all their keys, at once."""
    found = _set_active(name, False)
    click.echo(
        f"{found.username} can't log in, and their keys answer nothing; `tillroll user enable` undoes it."
    )


@user.command()
@click.argument("name")
@changing
def enable(name: str) -> None:
    """Let the user NAME in again, with their keys."""
    click.echo(f"{_set_active(name, True).username} is let in again, with their keys.")


@user.command()
@click.argument("name")
@click.option(
    "--url",
    default="",
    metavar="URL",
    help="Where the shop is reached; without it TILLROLL_PUBLIC_URL, or this machine.",
)
@on_shop
def invite(name: str, url: str) -> None:
    """Print a link by which the user NAME chooses a password."""
    from django.conf import settings
    from django.urls import reverse

    from tillroll.access.links import LinkKind, get_lifetime, make_link_token

    found = find_user(name)
    if found.is_service or found.is_demo or not found.is_active:
        why = "a service account" if found.is_service else "the demo" if found.is_demo else "disabled"
        raise Refusal(f"{found.username} is {why}: nobody chooses a password for it.")
    base = (url or settings.PUBLIC_URL or "http://127.0.0.1:8000").rstrip("/")
    kind = LinkKind.RESET if found.has_usable_password() else LinkKind.INVITATION
    hours = get_lifetime(kind).total_seconds() / 3600
    secret = urlencode({"link": make_link_token(found)})
    click.echo(f"{base}{settings.PATH_PREFIX}{reverse('admin:welcome')}?{secret}\n")
    _note(found, "made an invitation" if kind is LinkKind.INVITATION else "made a reset link")
    click.echo(f"Whoever opens it chooses the password of {found.username}: once, within {hours:.0f} hours.")


@user.command()
@click.argument("name", required=False)
@click.option("--address", help="Release an IP address, whatever name it guessed at.")
@changing
def unlock(name: str | None, address: str | None) -> None:
    """Let in again who waits for wrong passwords: the guesses at NAME, or those from an address, are
    forgotten."""
    from tillroll.access.attempts import release

    if not (name or address):
        raise Refusal("Give a user's NAME or --address.")
    count = release(name, address)
    whose = " ".join(part for part in (name and f"at {name}", address and f"from {address}") if part)
    if not count:
        raise Refusal(f"There were no wrong passwords {whose} lately.")
    click.echo(f"Forgot {count} wrong {'password' if count == 1 else 'passwords'} {whose}.")


@user.command("reset-two-factor")
@click.argument("name")
@on_shop
def reset_two_factor(name: str) -> None:
    """Take the second factor of the user NAME away, whose phone is lost."""
    from tillroll.access.services import remove_second_factor

    found = find_user(name)
    if not remove_second_factor(found):
        raise Refusal(f"{found.username} has no second factor.")
    _note(found, "reset two-factor login")
    click.echo(
        f"{found.username} logs in with the password alone; app and recovery codes are gone, sessions ended."
    )


def _note(found: "User", action: str) -> None:
    from tillroll.access.audit import note

    note(None, action, found)


def _set_active(name: str, is_active: bool) -> "User":
    from tillroll.access.services import set_active

    found = find_user(name)
    if found.is_active == is_active:
        raise Refusal(f"{found.username} is {'enabled' if is_active else 'disabled'} already.")
    set_active(found, is_active)
    return found


@user.command("list")
@click.option("--all", "everybody", is_flag=True, help="Customers' logins too.")
@on_shop
def list_users(everybody: bool) -> None:
    """Show the users who run the shop or hold keys."""
    from django.db.models import Count, Q

    from tillroll.access.models import User
    from tillroll.cli.tables import print_table

    users = User.objects.annotate(keys=Count("api_keys", Q(api_keys__revoked_at=None), distinct=True))
    if not everybody:
        users = users.filter(~Q(capabilities="") | Q(is_staff=True) | Q(keys__gt=0))
    rows = [
        (
            found.username,
            str(found.wire_id),
            found.email,
            ", ".join(sorted(one.role_id for one in found.user_roles.all())),
            _describe_login(found),
            str(found.keys),
        )
        for found in users.prefetch_related("user_roles").order_by("wire_id").iterator(chunk_size=1_000)
    ]
    if not rows:
        click.echo("There are no users; `tillroll user add NAME --superuser` makes one.")
        return
    print_table(("User", "Id", "E-mail", "Roles", "Back office", "Keys"), rows)


def find_user(name: str) -> "User":
    """The user of a name, or of an e-mail address that only one has; refuses others."""
    from tillroll.access.models import User

    found = User.objects.filter(username=name).first()
    if found:
        return found
    if "@" in name:
        several = list(User.objects.filter(email__iexact=name)[:2])
        if len(several) == 1:
            return several[0]
    raise Refusal(f"No user is called {name}; `tillroll user list` shows them.")


def _describe_login(found: "User") -> str:
    if not found.is_active:
        return "disabled"
    if found.is_service:
        return "service account"
    if not (found.is_staff and found.has_usable_password()):
        return "no"
    where = ", from this machine only" if found.is_demo else ""
    return ("superuser" if found.is_superuser else "yes") + where


def require_roles(slugs: Iterable[str]) -> None:
    """Refuses a role that isn't there."""
    from tillroll.access.models import Role

    known = set(Role.objects.values_list("slug", flat=True))
    unknown = [slug for slug in slugs if slug not in known]
    if unknown:
        raise Refusal(f"There is no role {unknown[0]}; the roles are {', '.join(sorted(known))}.")


def _read_password(from_stdin: bool) -> str | None:
    """A password from standard input or typed twice; None where there is neither."""
    if from_stdin:
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise Refusal("Standard input holds no password.")
        return line
    if not sys.stdin.isatty():
        return None
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return typed
