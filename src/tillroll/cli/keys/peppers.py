"""The pepper of the keys' digests: changed, and the old ones dropped when nothing needs them any more."""

from pathlib import Path

import click

from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import changing

LIST_OLD = "tillroll keys list --old-pepper"


@click.command("new-pepper")
@changing
def new_pepper() -> None:
    """Take a fresh pepper, and keep the old one so that keys go on working."""
    from django.conf import settings
    from django.utils import timezone

    from tillroll.access.states import list_in_force
    from tillroll.secret_file import change_pepper, holds_pepper

    path: Path = settings.TILLROLL_HOME / "secrets"
    if not holds_pepper(path, settings.KEY_PEPPER):
        raise Refusal(
            "The pepper comes from the environment: put a fresh one (openssl rand -hex 32) into"
            " TILLROLL_OLD_KEY_PEPPERS of every server and restart them, then exchange it with the one in"
            " TILLROLL_KEY_PEPPER and restart them again."
        )
    count = list_in_force(timezone.now()).count()
    change_pepper(path)
    click.echo(f"{path} has a fresh pepper; the old one is kept behind it.")
    click.echo(
        "Restart the servers now: until then, they don't open keys that this command makes or rotates."
    )
    if count:
        click.echo(
            f"{count} {'key in force stands' if count == 1 else 'keys in force stand'} on old peppers, and"
            f" {'changes' if count == 1 else 'change'} over when used; `{LIST_OLD}` shows which are left."
        )


@click.command("drop-old-peppers")
@click.option("--yes", is_flag=True, help="Also when keys in force still need one: they stop working.")
@changing
def drop_old_peppers(yes: bool) -> None:
    """Forget the old peppers, when no key needs them any more."""
    from django.conf import settings

    from tillroll.access.services import reseal_second_factors
    from tillroll.secret_file import drop_old_peppers as drop
    from tillroll.secret_file import list_old_peppers

    path: Path = settings.TILLROLL_HOME / "secrets"
    if not settings.OLD_KEY_PEPPERS:
        click.echo("There are no old peppers.")
        return
    needing = _count_needing_old()
    if needing and not yes:
        raise Refusal(
            f"{needing} {'key in force still needs' if needing == 1 else 'keys in force still need'} an old"
            f" pepper (`{LIST_OLD}`); let them be used or rotate them, or give --yes to end them."
        )
    kept = list_old_peppers(path)
    if not kept:
        raise Refusal(
            "The old peppers come from the environment: take TILLROLL_OLD_KEY_PEPPERS away from every server"
            " and restart them."
        )
    reseal_second_factors()
    drop(path)
    click.echo(f"Dropped {len(kept)} old {'pepper' if len(kept) == 1 else 'peppers'}; restart the servers.")
    if set(settings.OLD_KEY_PEPPERS) - set(kept):
        click.echo("More come from TILLROLL_OLD_KEY_PEPPERS: take them away there.", err=True)


def _count_needing_old() -> int:
    """Keys in force of which a digest opens with an old pepper alone."""
    from django.conf import settings
    from django.db.models import Q
    from django.utils import timezone

    from tillroll.access.digests import pepper_id
    from tillroll.access.states import list_in_force

    old = [pepper_id(pepper) for pepper in settings.OLD_KEY_PEPPERS if pepper != settings.KEY_PEPPER]
    in_force = list_in_force(timezone.now())
    return in_force.filter(Q(pepper_id__in=old) | Q(bearer_pepper_id__in=old)).count()
