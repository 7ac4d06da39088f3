"""From a reader to the shop, first half: records are staged in a scratch file, which holds no lock of the
shop's."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from django.db import models

from tillroll.access.models import ApiKey, Role, User, UserCapability, UserRole
from tillroll.shop.models import (
    BundleItem,
    Customer,
    CustomerAddress,
    CustomerEmail,
    Discount,
    DiscountProduct,
    DiscountTerm,
    FileDownload,
    Order,
    OrderAddress,
    OrderAdjustment,
    OrderItem,
    OrderNote,
    OrderTransaction,
    PriceOption,
    Product,
    ProductFile,
    ProductTerm,
    Term,
)

BATCH = 2_000
"""Rows written to the scratch file at once: large enough to be quick, small enough for memory to stay
flat."""


MODIFIED = "modified_at"


@dataclass(frozen=True)
class Kind:
    """How records of one model are matched and what of them a source decides.

    `key`: the columns that tell which record is which. `kept`: columns that are not the source's, with the
    SQL value that a new record begins with. `replaces`: changed rows are taken out and put back, because a
    second unique column might otherwise clash while two records swap it. `unique`: such a column of records
    that have to stay in place. `adopts`: a record that is here already under the same key becomes the
    source's. `owner`: the column with the record that has changed when one of these has, since the API shows
    it with them. `part`: what these records are always brought in together with, and `member`: the column
    that says with which one; without it, all of them come together.
    """

    model: type[models.Model]
    part: str
    key: tuple[str, ...] = ("id",)
    kept: dict[str, str] = field(default_factory=dict)
    replaces: bool = False
    unique: str = ""
    adopts: bool = False
    owner: str = ""
    member: str = ""

    @property
    def is_dated(self) -> bool:
        """Whether it is kept when a record changed here; the source's own time counts at its first import."""
        return MODIFIED in self.columns

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def plural(self) -> str:
        """What people call many of them."""
        name = str(self.model._meta.verbose_name).replace("api ", "API ")
        if name.endswith("s"):
            return f"{name}es"
        return f"{name[:-1]}ies" if name.endswith("y") and name[-2] not in "aeiou" else f"{name}s"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to stage, in this order; `apply` adds source_id."""
        skipped = {"source_id", *self.kept} | ({"id"} if "id" not in self.key else set())
        return tuple(f.column for f in self.model._meta.concrete_fields if f.column not in skipped)

    @property
    def scratch_columns(self) -> str:
        """The columns as the scratch file declares them: numbers may be staged as text, SQLite makes them
        numbers."""
        fields = {f.column: f for f in self.model._meta.concrete_fields}
        declared = ", ".join(f'"{name}" {_get_affinity(fields[name])}' for name in self.columns)
        return f"{declared}, PRIMARY KEY ({', '.join(self.key)})"


def _get_affinity(field: "models.Field[Any, Any]") -> str:
    if isinstance(field, models.ForeignKey):
        field = field.target_field
    if isinstance(field, models.IntegerField | models.AutoField | models.BooleanField):
        return "INTEGER"
    return "BLOB" if isinstance(field, models.BinaryField) else "TEXT"


LIMITS = {
    "endpoints": "''",
    "hidden_fields": "''",
    "rate_minute": "NULL",
    "quota_day": "NULL",
    "quota_month": "NULL",
}
"""What limits roles and keys is this shop's own, whatever their source."""

KINDS: tuple[Kind, ...] = (
    Kind(Term, "catalogue", kept={"count": "0"}, replaces=True),
    Kind(Product, "catalogue", kept={"sales": "0", "earnings_whole": "0", "earnings_rest": "0"}),
    Kind(PriceOption, "catalogue", key=("product_id", "price_id"), owner="product_id"),
    Kind(ProductFile, "catalogue", key=("product_id", "position"), owner="product_id"),
    Kind(BundleItem, "catalogue", key=("bundle_id", "position")),
    Kind(ProductTerm, "catalogue", key=("product_id", "term_id"), owner="product_id"),
    Kind(
        Customer,
        "customer",
        kept={"purchase_count": "0", "purchase_whole": "0", "purchase_rest": "0", "download_count": "0"},
        replaces=True,
        member="id",
    ),
    Kind(CustomerEmail, "customer", owner="customer_id", member="customer_id"),
    Kind(CustomerAddress, "customer", member="customer_id"),
    Kind(Order, "order", member="id"),
    Kind(OrderItem, "order", owner="order_id", member="order_id"),
    Kind(OrderAdjustment, "order", owner="order_id", member="order_id"),
    Kind(OrderTransaction, "order", owner="order_id", member="order_id"),
    Kind(OrderAddress, "order", member="order_id"),
    Kind(OrderNote, "order", owner="order_id", member="order_id"),
    Kind(Discount, "discount"),
    Kind(DiscountProduct, "discount", key=("discount_id", "role", "position"), owner="discount_id"),
    Kind(DiscountTerm, "discount", key=("discount_id", "position")),
    Kind(FileDownload, "download", member="id"),
    Kind(Role, "role", key=("slug",), kept={**LIMITS, "requires_two_factor": "FALSE"}, adopts=True),
    Kind(
        User,
        "user",
        key=("wire_id",),
        kept={
            "password": "'!'",
            "last_login": "NULL",
            "is_superuser": "FALSE",
            "is_staff": "FALSE",
            "is_active": "TRUE",
            "is_service": "FALSE",
            "is_demo": "FALSE",
            "requires_two_factor": "FALSE",
            "session_round": "0",
        },
        unique="username",
        member="wire_id",
    ),
    Kind(UserRole, "user", key=("user_id", "role_id"), adopts=True, member="user_id"),
    Kind(UserCapability, "user", key=("user_id", "capability"), adopts=True, member="user_id"),
    Kind(
        ApiKey,
        "user",
        key=("public_key",),
        kept={
            **LIMITS,
            "label": "''",
            "bearer_digest": "''",
            "bearer_pepper_id": "''",
            "expires_at": "NULL",
            "revoked_at": "NULL",
            "networks": "''",
            "customer_id": "NULL",
            "meter_id": "NULL",
        },
        member="user_id",
    ),
)
"""Every kind of record that a source can bring, parents first."""

KIND_OF = {kind.model: kind for kind in KINDS}


class Staging:
    """The scratch file. Rows are tuples in the order of their kind's columns: amounts as 10^-9 units, times
    as 'YYYY-MM-DD HH:MM:SS' in UTC, truth as 0 and 1, JSON as text. Of rows with one key the last counts."""

    def __init__(self, path: Path, *, is_lasting: bool = False) -> None:
        """`is_lasting`: what was saved must outlive a process that is killed."""
        self.path = path
        self.database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        journal, synchronous = ("WAL", "NORMAL") if is_lasting else ("OFF", "OFF")
        self.database.executescript(f"PRAGMA journal_mode={journal}; PRAGMA synchronous={synchronous};")
        self._inserts: dict[type[models.Model], str] = {}
        self._waiting: dict[type[models.Model], list[Sequence[Any]]] = {}
        for kind in KINDS:
            self.database.execute(
                f'CREATE TABLE IF NOT EXISTS "staged_{kind.table}" ({kind.scratch_columns})'
            )
            marks = ", ".join("?" * len(kind.columns))
            # a dump may bring a row twice: the later one counts, as it would in the database
            self._inserts[kind.model] = f'REPLACE INTO "staged_{kind.table}" VALUES ({marks})'
            self._waiting[kind.model] = []
        self.database.execute("BEGIN")

    def __enter__(self) -> "Staging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()

    def add(self, model: type[models.Model], rows: Iterable[Sequence[Any]]) -> None:
        """Stages rows of a model; they are written in batches."""
        waiting = self._waiting[model]
        waiting.extend(rows)
        if len(waiting) >= BATCH:
            self._write(model)

    def name_part(self, part: str, ids: Iterable[int]) -> None:
        """Says of which members of a part all records are staged; those without any are gone."""
        self.database.execute(f'CREATE TABLE "part_{part}" (id INTEGER PRIMARY KEY)')
        self.database.executemany(f'INSERT INTO "part_{part}" VALUES (?)', [(id_,) for id_ in ids])

    def flush(self) -> None:
        """Writes what is waiting, so that the scratch file can be queried."""
        for model, waiting in self._waiting.items():
            if waiting:
                self._write(model)

    def save(self) -> None:
        """Writes what is waiting, for good."""
        self.flush()
        self.database.execute("COMMIT")
        self.database.execute("BEGIN")

    def close(self) -> None:
        """Writes what is waiting and lets go of the file, so that `apply` can read it."""
        self.flush()
        if self.database.in_transaction:
            self.database.execute("COMMIT")
        self.database.close()

    def _write(self, model: type[models.Model]) -> None:
        self.database.executemany(self._inserts[model], self._waiting[model])
        self._waiting[model].clear()
