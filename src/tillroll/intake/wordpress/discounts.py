"""Discount codes with what they need and shun. Older shops keep tax rates in the same table."""

from collections.abc import Callable, Iterable

from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.intake.wordpress.php import PhpValueError, as_map, as_text, unserialize
from tillroll.intake.wordpress.rows import Row
from tillroll.intake.wordpress.tables import Taken
from tillroll.intake.wordpress.values import EPOCH, UNITS_OF, is_true, take_id, take_time, take_whole
from tillroll.shop.models import Discount, DiscountProduct, DiscountTerm

_ADJUSTMENTS = (
    "id", "name", "code", "status", "type", "scope", "amount_type", "amount", "max_uses", "use_count",
    "once_per_customer", "min_charge_amount", "start_date", "end_date", "date_created", "date_modified",
)  # fmt: skip
_META = ("meta_id", "edd_adjustment_id", "meta_key", "meta_value")
_ROLES = {"product_requirement": "requirement", "excluded_product": "exclusion"}
_CONDITIONS = {"product_condition": "requirement_condition", "term_condition": "term_condition"}


class DiscountPart:
    def __init__(
        self, staging: Staging, findings: Findings, take_tax_rates: Callable[[Iterable[Row]], None]
    ) -> None:
        self._staging = staging
        self._findings = findings
        self._take_tax_rates = take_tax_rates
        staging.database.execute(
            "CREATE TABLE IF NOT EXISTS discount_meta"
            " (id INTEGER PRIMARY KEY, discount_id INTEGER, name TEXT, value TEXT)"
        )

    def get_tables(self) -> dict[str, Taken]:
        return {
            "edd_adjustments": Taken(_ADJUSTMENTS, self._take_adjustments),
            "edd_adjustmentmeta": Taken(_META, self._take_meta),
        }

    def _take_adjustments(self, rows: Iterable[Row]) -> None:
        discounts, tax_rates = [], []
        for (
            id_, name, code, status, type_, scope, amount_type, amount, max_uses, use_count, once,
            min_charge, start, end, created, modified,
        ) in rows:  # fmt: skip
            if type_ == "tax_rate":
                tax_rates.append((id_, amount))
                continue
            if type_ != "discount":
                self._findings.leave_out("adjustments", f"they are no discounts but of the type {type_}")
                continue
            if not code:
                self._findings.leave_out("discounts", "they have no code")
                continue
            created = take_time(created) or take_time(modified, EPOCH)
            discounts.append(
                (
                    id_,
                    name or "",
                    code,
                    code.casefold(),
                    status or "",
                    amount_type or "percent",
                    UNITS_OF[amount],
                    scope or "global",
                    max_uses or 0,
                    use_count or 0,
                    1 if is_true(once) else 0,
                    UNITS_OF[min_charge],
                    "",
                    "",
                    take_time(start),
                    take_time(end),
                    created,
                    take_time(modified, created),
                )
            )
        self._staging.add(Discount, discounts)
        if tax_rates:
            self._take_tax_rates(tax_rates)

    def _take_meta(self, rows: Iterable[Row]) -> None:
        self._staging.database.executemany(
            "REPLACE INTO discount_meta VALUES (?, ?, ?, ?)",
            [row for row in rows if row[2] in _ROLES or row[2] in _CONDITIONS or row[2] == "categories"],
        )

    def finish(self, options: ShopOptions) -> None:
        self._staging.flush()
        database = self._staging.database
        places: dict[tuple[int, str], int] = {}
        for discount, name, value in database.execute(
            "SELECT m.discount_id, m.name, m.value FROM discount_meta m"
            " JOIN staged_shop_discount d ON d.id = m.discount_id ORDER BY m.id"
        ).fetchall():
            if name in _CONDITIONS:
                column = _CONDITIONS[name]
                database.execute(
                    f"UPDATE staged_shop_discount SET {column} = ?"  # noqa: S608 (own names)
                    f" WHERE id = ? AND {column} = ''",
                    ((value or "")[:20], discount),
                )
                continue
            for text in self._list_values(name, value or ""):
                role = _ROLES.get(name, "")
                place = places[discount, role] = places.get((discount, role), -1) + 1
                if role:
                    self._staging.add(DiscountProduct, [(discount, role, place, text)])
                elif term := take_id(text):
                    self._staging.add(DiscountTerm, [(discount, place, term)])

    def _list_values(self, name: str, text: str) -> list[str]:
        """A row holds one value, or a list of them that PHP serialized."""
        try:
            value = unserialize(text)
        except PhpValueError:
            self._findings.leave_out(f"discounts' {name}", "the value is damaged")
            return []
        found = (
            [as_text(each) for each in as_map(value).values()]
            if isinstance(value, dict)
            else [as_text(value)]
        )
        return [each for each in found if each and take_whole(each.split("_")[0]) > 0]
