"""`tillroll settings`: the shop's own settings (those of the server come from the environment)."""

import json
from typing import Any

import click

from tillroll.cli.refusals import Refusal, describe_invalid
from tillroll.cli.stores import changing, on_shop

YES = ("yes", "true", "on", "1")
NO = ("no", "false", "off", "0")


@click.group()
def settings() -> None:
    """Show and change the shop's settings."""


@settings.command("list")
@on_shop
def list_settings() -> None:
    """Show every setting with its value."""
    from tillroll.cli.tables import print_table
    from tillroll.shop.services import get_settings

    shop = get_settings()
    print_table(
        ("Setting", "Value", "What it is"),
        [(field.name, _write(getattr(shop, field.name)), _describe(field)) for field in _list_fields()],
    )


@settings.command("set")
@click.argument("name")
@click.argument("value")
@changing
def set_setting(name: str, value: str) -> None:
    """Set NAME to VALUE: yes or no, a number, a text, or a list with commas."""
    from django.core.exceptions import ValidationError

    from tillroll.cli.users import require_roles
    from tillroll.shop.services import change_settings

    fields = {field.name: field for field in _list_fields()}
    if name not in fields:
        raise Refusal(f"There is no setting {name}; the settings are {', '.join(sorted(fields))}.")
    try:
        wanted = _read(fields[name], value)
        if name == "auto_key_roles" and isinstance(wanted, list):
            require_roles(wanted)
        shop = change_settings(**{name: wanted})
    except ValidationError as error:
        raise Refusal(describe_invalid(error)) from error
    click.echo(f"{name} is now {_write(getattr(shop, name)) or 'empty'}.")


def _list_fields() -> list[Any]:
    from tillroll.shop.models import ShopSettings

    return [field for field in ShopSettings._meta.fields if not field.primary_key]


def _describe(field: Any) -> str:
    choices = " | ".join(str(value) for value, _ in field.choices or ())
    return " ".join(part for part in (str(field.help_text), choices) if part)


def _read(field: Any, text: str) -> object:
    """The value that a text means for a field."""
    from django.db import models

    if isinstance(field, models.BooleanField):
        if text.lower() not in YES + NO:
            raise Refusal(f"{field.name} takes yes or no, not {text}.")
        return text.lower() in YES
    if isinstance(field, models.JSONField):
        return [word.strip() for word in text.split(",") if word.strip()]
    value: object = field.to_python(text)
    return value


def _write(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return value if isinstance(value, str) else json.dumps(value)
