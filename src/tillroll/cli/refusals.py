"""How a command ends that can't do what it was asked: one sentence on stderr and exit code 2, never a
traceback.

TILLROLL_DEBUG=1 shows the traceback of what nobody foresaw.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

REFUSED = 2
"""The exit code of every refusal."""


class Refusal(click.ClickException):
    """A command can't go on; the message is the sentence that says why and what to do."""

    exit_code = REFUSED

    def show(self, file: Any = None) -> None:
        click.echo(self.format_message(), file=file, err=True)


class Commands(click.Group):
    """The top group: it turns every exception into a sentence, and lists commands as they were added."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(self.commands)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(REFUSED)
        except click.UsageError as error:
            click.echo(_usage(error), err=True)
            sys.exit(REFUSED)
        except click.ClickException as error:
            click.echo(error.format_message(), err=True)
            sys.exit(REFUSED)
        except (click.Abort, KeyboardInterrupt):
            click.echo("Stopped.", err=True)
            sys.exit(130)
        except BrokenPipeError:
            # whoever read our output has gone; what Python flushes at its end must not complain again
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except Exception as error:
            if _is_debugging():
                traceback.print_exc()
            click.echo(describe(error), err=True)
            sys.exit(REFUSED)
        sys.exit(code if isinstance(code, int) else 0)


def _is_debugging() -> bool:
    from django.conf import settings

    try:
        return bool(settings.DEBUG)
    except Exception:
        return False  # the settings themselves are what is wrong


def _usage(error: click.UsageError) -> str:
    sentence = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.command_path if error.ctx else "tillroll"
    return f"{sentence}; see `{command} --help`."


def describe(error: Exception) -> str:
    """The sentence for an exception."""
    if type(error).__module__.startswith("tillroll."):
        return str(error)
    from django.core.exceptions import ImproperlyConfigured, ValidationError
    from django.db import DatabaseError

    if isinstance(error, ImproperlyConfigured):
        return str(error)
    if isinstance(error, ValidationError):
        return describe_invalid(error)
    if isinstance(error, DatabaseError):
        return _describe_database(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    first = str(error).strip().splitlines()[:1]
    what = f"{type(error).__name__}: {first[0]}" if first else type(error).__name__
    return f"This should not have happened ({what}); run it again with TILLROLL_DEBUG=1 to see where."


def describe_invalid(error: Any) -> str:
    """Which values are wrong and what they take, from Django's ValidationError."""
    if hasattr(error, "error_dict"):
        return " ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
    return " ".join(error.messages)


def _describe_database(error: Exception) -> str:
    from tillroll.databases import get_reason

    first = get_reason(error)
    if "locked" in first:
        return "The shop's records are being written by another process; try again in a moment."
    if "no such table" in first or "no such column" in first or "does not exist" in first:
        return f"The database lacks something ({first}); run `tillroll migrate`."
    return f"The database can't be used: {first}"
