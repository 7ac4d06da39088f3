"""The rules, by the headings of docs/differences.md. Importing this notes them all."""

from tillroll.cli.comparing.rules import figures, finding, order, requests, shown, stored

__all__ = ["figures", "finding", "order", "requests", "shown", "stored"]
