"""Customers with their e-mails and addresses. What EDD stored of their purchases is kept aside, to be
compared."""

from collections.abc import Iterable

from tillroll.intake.staging import KIND_OF, Staging
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.intake.wordpress.rows import Row
from tillroll.intake.wordpress.tables import Taken
from tillroll.intake.wordpress.values import EPOCH, UNITS_OF, take_time
from tillroll.shop.models import Customer, CustomerAddress, CustomerEmail

_CUSTOMERS = (
    "id", "user_id", "email", "name", "status", "purchase_value", "purchase_count", "date_created",
    "date_modified",
)  # fmt: skip
_EMAILS = ("id", "customer_id", "type", "status", "email", "date_created")
_ADDRESSES = (
    "id", "customer_id", "is_primary", "type", "status", "name", "address", "address2", "city", "region",
    "postal_code", "country", "date_created",
)  # fmt: skip

_NO_CUSTOMER = "their customer is not in the dump"


class CustomerPart:
    def __init__(self, staging: Staging, findings: Findings) -> None:
        self._staging = staging
        self._findings = findings
        staging.database.execute(
            "CREATE TABLE IF NOT EXISTS stored_customer"
            " (id INTEGER PRIMARY KEY, value INTEGER, count INTEGER)"
        )

    def get_tables(self) -> dict[str, Taken]:
        return {
            "edd_customers": Taken(_CUSTOMERS, self._take_customers),
            "edd_customer_email_addresses": Taken(_EMAILS, self._take_emails),
            "edd_customer_addresses": Taken(_ADDRESSES, self._take_addresses),
        }

    def _take_customers(self, rows: Iterable[Row]) -> None:
        customers, stored = [], []
        for id_, user, email, name, status, value, count, created, modified in rows:
            created = take_time(created) or take_time(modified, EPOCH)
            email = email or ""
            customers.append(
                (
                    id_,
                    user or 0,
                    email,
                    email.casefold(),
                    name or "",
                    status or "active",
                    created,
                    take_time(modified, created),
                )
            )
            stored.append((id_, UNITS_OF[value], count or 0))
        self._staging.add(Customer, customers)
        self._staging.database.executemany("REPLACE INTO stored_customer VALUES (?, ?, ?)", stored)

    def _take_emails(self, rows: Iterable[Row]) -> None:
        emails = []
        for id_, customer, type_, status, email, created in rows:
            email = email or ""
            emails.append(
                (
                    id_,
                    customer,
                    type_ or "secondary",
                    status or "active",
                    email,
                    email.casefold(),
                    take_time(created, EPOCH),
                )
            )
        self._staging.add(CustomerEmail, emails)

    def _take_addresses(self, rows: Iterable[Row]) -> None:
        addresses = []
        for (
            id_,
            customer,
            primary,
            type_,
            status,
            name,
            address,
            address2,
            city,
            region,
            code,
            country,
            created,
        ) in rows:
            addresses.append(
                (
                    id_,
                    customer,
                    1 if primary == "1" else 0,
                    type_ or "billing",
                    status or "active",
                    (name or "")[:255],
                    (address or "")[:255],
                    (address2 or "")[:255],
                    (city or "")[:255],
                    (region or "")[:255],
                    code or "",
                    (country or "")[:2],
                    take_time(created, EPOCH),
                )
            )
        self._staging.add(CustomerAddress, addresses)

    def finish(self, options: ShopOptions) -> None:
        self._staging.flush()
        execute = self._staging.database.execute
        for kind in (KIND_OF[CustomerEmail], KIND_OF[CustomerAddress]):
            gone = execute(
                f"DELETE FROM staged_{kind.table} WHERE NOT EXISTS"  # noqa: S608 (own names)
                " (SELECT 1 FROM staged_shop_customer c WHERE c.id = customer_id)"
            )
            self._findings.leave_out(kind.plural, _NO_CUSTOMER, gone.rowcount)
        execute("CREATE INDEX staged_customer_email ON staged_shop_customer (email_folded)")
        twice = execute(
            "UPDATE staged_shop_customer AS c SET email_folded = '' WHERE email_folded <> '' AND EXISTS"
            " (SELECT 1 FROM staged_shop_customer o WHERE o.email_folded = c.email_folded AND o.id < c.id)"
        )
        why = "another customer has the same e-mail; they are taken over, but not found by it"
        self._findings.leave_out("customers' e-mails", why, twice.rowcount)
