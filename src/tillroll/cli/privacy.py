"""`tillroll privacy`: what is kept of one customer, exported or erased (GDPR, articles 15, 17 and 20)."""

import json
from pathlib import Path

import click

from tillroll.cli.customers import find_customer
from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import on_shop


@click.group()
def privacy() -> None:
    """Export or erase what is kept of one customer."""


@privacy.command()
@click.argument("customer")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@on_shop
def export(customer: str, file: Path) -> None:
    """Write all data of CUSTOMER (an id or an e-mail address) as JSON to FILE, or to standard output."""
    from tillroll.access.privacy import export_customer

    found = find_customer(customer)
    text = json.dumps(export_customer(found), ensure_ascii=False, indent=2) + "\n"
    if str(file) == "-":
        click.echo(text, nl=False)
        return
    file.write_text(text, encoding="utf-8")
    click.echo(f"Wrote the data of customer {found.pk} to {file}.", err=True)


@privacy.command()
@click.argument("customer")
@click.option("--yes", is_flag=True, help="Really erase; it can't be undone.")
@on_shop
def erase(customer: str, yes: bool) -> None:
    """Take CUSTOMER (an id or an e-mail address) out of all records; amounts and counts stay."""
    from tillroll.access.audit import note
    from tillroll.access.privacy import comes_from_elsewhere, erase_customer

    found = find_customer(customer)
    if not yes:
        raise Refusal(
            f"This takes customer {found.pk} out of all records for good; add --yes if that is meant."
        )
    done = erase_customer(found)
    note(None, "erased", found, title=f"customer {found.pk}")
    records = done.records
    click.echo(
        f"Erased customer {found.pk}: {records.orders} orders, {records.addresses} addresses,"
        f" {records.emails} e-mail addresses, {records.transactions} transactions, {records.notes} notes,"
        f" {records.file_downloads} file downloads, {done.keys} keys, {done.lines} lines of the request log"
        + (", and the user account." if done.account else ".")
    )
    if comes_from_elsewhere(found):
        click.echo(
            "This customer was imported: the next import brings the data back unless it is erased in the"
            " other shop too.",
            err=True,
        )
