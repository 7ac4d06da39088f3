"""The `tillroll` command, one module a group of commands.

A module imports click alone at its top and the rest inside its functions, so that `--help` answers at once.
"""

import os
import signal
import sys

import click

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillroll.settings")

from tillroll import __version__  # noqa: E402  (the settings are named before anything can read them)
from tillroll.cli.demo import demo  # noqa: E402
from tillroll.cli.migrate import migrate  # noqa: E402
from tillroll.cli.refusals import Commands  # noqa: E402
from tillroll.cli.serve import serve  # noqa: E402


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tillroll", message="%(prog)s %(version)s")
def tillroll() -> None:
    """Keeps a digital-download shop's records and answers the Easy Digital Downloads REST API.

    The folder TILLROLL_HOME holds the databases and secrets of one shop.
    """


for command in (serve, migrate, demo):
    tillroll.add_command(command)


def main() -> None:
    """What the console script calls. A stop from outside unwinds, so that scratch files and locks are let go."""
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(128 + signal.SIGTERM))
    tillroll(prog_name="tillroll")
