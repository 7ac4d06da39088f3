"""The `tillroll` command, one module a group of commands.

A module imports click alone at its top and the rest inside its functions, so that `--help` answers at once.
"""

import os
import signal
import sys

import click

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillroll.settings")

from tillroll import __version__
from tillroll.cli.backup import backup, restore
from tillroll.cli.compare import compare
from tillroll.cli.demo import demo
from tillroll.cli.doctor import doctor
from tillroll.cli.importing import import_
from tillroll.cli.keys import keys
from tillroll.cli.logs import logs
from tillroll.cli.migrate import migrate
from tillroll.cli.mirror import mirror
from tillroll.cli.move import move
from tillroll.cli.privacy import privacy
from tillroll.cli.pull import pull
from tillroll.cli.reconcile import reconcile
from tillroll.cli.refusals import Commands
from tillroll.cli.roles import roles
from tillroll.cli.serve import serve
from tillroll.cli.settings import settings
from tillroll.cli.users import user
from tillroll.cli.worker import worker

COMMANDS = (
    serve,
    worker,
    demo,
    import_,
    mirror,
    pull,
    keys,
    roles,
    user,
    logs,
    privacy,
    settings,
    backup,
    restore,
    doctor,
    compare,
    reconcile,
    migrate,
    move,
)
"""In the order in which the help shows them: what a newcomer needs first."""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tillroll", message="%(prog)s %(version)s")
def tillroll() -> None:
    """Keeps a digital-download shop's records and answers the Easy Digital Downloads REST API.

    The folder TILLROLL_HOME holds the databases and secrets of one shop.
    """


for command in COMMANDS:
    tillroll.add_command(command)


def main() -> None:
    """What the console script calls. The files that are made hold customers' data, so they are their owner's
    alone; a stop from outside unwinds, so that scratch files and locks are let go."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(128 + signal.SIGTERM))
    tillroll(prog_name="tillroll")
