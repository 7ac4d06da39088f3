"""Run as a process on a shop (`python -m tests.cli.whole_shop rows|answers`): prints every value of every
table, or the answers to many questions, in a form that does not depend on the store."""

import os
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillroll.settings")

import django

QUESTIONS = {
    "products": ("", "number=3", "page=2&number=5", "product=1", "product=9999", "s=a", "s=é",
                 "orderby=title&order=ASC", "orderby=price", "orderby=sales", "orderby=earnings"),
    "customers": ("", "number=50", "page=3&number=7", "customer=1", "customer=7", "customer=99999",
                  "startdate=20200101&enddate=20991231", "number=-1"),
    "sales": ("", "number=50", "page=3&number=7", "number=-1", "id=5", "id=99999", "email=ODD@example.com"),
    "discounts": ("", "discount=1", "discount=99999"),
    "file-download-logs": ("number=20", "customer=1", "product=1"),
    "stats": ("", *(f"type={kind}&date={date}" for kind, date in product(
        ("sales", "earnings"), ("today", "yesterday", "this_week", "last_month", "this_year",
                                "range&startdate=20200101&enddate=20991231"))),
              "type=sales&product=all", "type=earnings&product=all", "type=sales&product=1"),
    "info": ("",),
}  # fmt: skip
NOW = "2026-11-28T12:00:00Z"


def list_questions() -> list[tuple[str, str]]:
    """Paths and queries: both versions, JSON and XML."""
    return [
        (f"/edd-api/{version}/{endpoint}/", f"format={form}&{question}")
        for version, form in product(("v1", "v2"), ("json", "xml"))
        for endpoint, questions in QUESTIONS.items()
        for question in questions
    ]


def print_rows() -> Iterator[str]:
    from django.apps import apps

    for model in apps.get_models(include_auto_created=True):
        for row in model._base_manager.order_by("pk").values_list():
            yield f"{model._meta.label} {[_normal(value) for value in row]!r}"


def _normal(value: Any) -> Any:
    """PostgreSQL gives bytes as a view, and the members of a JSON object in an order of its own."""
    if isinstance(value, memoryview):
        return bytes(value)
    return sorted(value.items()) if isinstance(value, dict) else value


def print_answers() -> Iterator[str]:
    import re

    import time_machine

    from tests.asking import ask

    lines = Path(os.environ["TILLROLL_HOME"], "demo-credentials").read_text("utf-8").splitlines()
    kept = dict(line.split("=", 1) for line in lines)
    credentials = f"key={kept['public_key']}&token={kept['token']}"
    with time_machine.travel(NOW, tick=False):
        for path, query in list_questions():
            reply = ask(path, f"{query}&{credentials}")
            text = re.sub(r'(request_speed"?[:>])[\d.eE-]+', r"\1", reply.content.decode())
            total = reply.headers.get("x-edd-total")
            yield f"{path}?{query} {reply.status} {total} {text!r}"


if __name__ == "__main__":
    django.setup()
    for line in {"rows": print_rows, "answers": print_answers}[sys.argv[1]]():
        sys.stdout.write(f"{line}\n")
