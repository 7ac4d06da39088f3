"""Customers with their e-mail addresses, and the users that they log in as: names alone, since the API tells
of no rights."""

from urllib.parse import urlsplit

from tillroll.access.models import User
from tillroll.intake.remote.answers import CustomerAnswer, text, whole
from tillroll.intake.remote.rows import make_row
from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.users import choose_username
from tillroll.intake.wordpress.values import EPOCH, UNITS_OF, take_time
from tillroll.shop.models import Customer, CustomerEmail
from tillroll.shop.text import fold_case

PLACES = 64
"""Ids for the addresses of one customer; EDD shows thirty of them at most ([3.6] 3.3)."""


class PeoplePart:
    """`names_taken`: the user names that others than this shop's users have here."""

    def __init__(self, staging: Staging, findings: Findings, home: str, names_taken: set[str]) -> None:
        self._staging = staging
        self._findings = findings
        self._host = urlsplit(home).netloc
        self._names_taken = names_taken
        self._users: set[int] = set()
        self._emails: set[str] = set()
        staging.database.execute(
            "CREATE TABLE stored_customer (id INTEGER PRIMARY KEY, value INTEGER, count INTEGER)"
        )

    def take(self, customer: CustomerAnswer) -> None:
        info, stats = customer.info, customer.stats
        id_, user = whole(info.customer_id), max(whole(info.user_id), 0)
        created = take_time(text(info.date_created), EPOCH)
        first, last = text(info.first_name), text(info.last_name)
        folded = fold_case(info.email)
        if folded in self._emails:
            why = "another customer has the same e-mail; they are taken over, but not found by it"
            self._findings.leave_out("customers' e-mails", why)
            folded = ""
        self._emails |= {folded} - {""}
        row = make_row(
            Customer,
            id=id_,
            user_id=user,
            email=info.email,
            email_folded=folded,
            name=f"{first} {last}" if last else first,
            status="active",
            created_at=created,
            modified_at=created,
        )
        self._staging.add(Customer, [row])
        self._add_emails(id_, info.email, info.additional_emails, created)
        if user and user not in self._users and (login := text(info.username)):
            self._users.add(user)
            self._add_user(user, login[:60], text(info.display_name), created)
        self._staging.database.execute(
            "REPLACE INTO stored_customer VALUES (?, ?, ?)",
            (id_, UNITS_OF[str(stats.total_spent)], whole(stats.total_purchases)),
        )

    def _add_emails(
        self, customer: int, primary: str, told: dict[str, str] | list[str] | None, created: str | None
    ) -> None:
        """All addresses, the newest with the largest id. EDD numbers them by their place; where it leaves a
        number out the primary one stands, which else is the oldest."""
        if isinstance(told, dict):
            places = {whole(place): email for place, email in told.items() if 0 < whole(place) < PLACES - 1}
        else:
            places = dict(enumerate((told or [])[: PLACES - 2], 1))
        last = max(places, default=0)
        emails = [places.get(place, primary) for place in range(1, last + 1)]
        if primary and primary not in emails:
            emails.append(primary)
        rows = [
            make_row(
                CustomerEmail,
                id=customer * PLACES + PLACES - 1 - place,
                customer_id=customer,
                type="primary" if email == primary else "secondary",
                status="active",
                email=email,
                email_folded=fold_case(email),
                created_at=created,
            )
            for place, email in enumerate(emails)
        ]
        self._staging.add(CustomerEmail, rows)

    def _add_user(self, user: int, login: str, name: str, created: str | None) -> None:
        row = make_row(
            User,
            username=choose_username(login, user, self._host, self._names_taken),
            date_joined=created,
            wire_id=user,
            login=login,
            display_name=name,
        )
        self._staging.add(User, [row])
