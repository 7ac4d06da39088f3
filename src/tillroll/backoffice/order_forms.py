"""The form by which an order is recorded by hand."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from tillroll.backoffice.columns import format_amount
from tillroll.backoffice.fields import (
    ProductField,
    choice,
    email_field,
    long_text,
    money_field,
    percent,
    whole,
)
from tillroll.backoffice.forms import OnceForm, moment, text, tick
from tillroll.backoffice.key_forms import Group
from tillroll.backoffice.rows import RowSet, make_rows
from tillroll.shop.currencies import get_decimals
from tillroll.shop.models import Customer, CustomerEmail, Discount, Order, OrderAddress, PriceOption, Product
from tillroll.shop.services import Fee, Line, get_settings
from tillroll.shop.services.pricing import Priced, price_lines
from tillroll.shop.text import fold_case

ZERO = Decimal(0)

STATUSES = {
    "complete": "Complete: paid",
    "pending": "Pending",
    "processing": "Processing",
    "on_hold": "On hold",
    "failed": "Failed",
    "abandoned": "Abandoned",
}

ADDRESS = ("address", "address2", "city", "region", "postal_code", "country")


class ItemRow(forms.Form):
    product = ProductField("Product")
    quantity = whole("Quantity", least=1, most=1_000_000)
    price = money_field("Price a piece", "Empty: the product's own.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["quantity"].widget.attrs["placeholder"] = "1"
        self.fields["price"].widget.attrs["placeholder"] = "its own"

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("product") and found.get("price") is None and "price" not in self.errors:
            product, option = found["product"]
            if get_price(product, option) is None:
                self.add_error("price", f"{product.title} has no price of its own: give one here.")
        return found


class FeeRow(forms.Form):
    label = text("For what", required=True, most=200)
    amount = money_field("Amount", required=True, least=None)


class Drawn(NamedTuple):
    """An order as its form describes it, not recorded yet."""

    at: datetime
    priced: Priced
    fees: tuple[Fee, ...]
    discount: Discount | None
    tax_rate: Decimal | None


class OrderForm(OnceForm):
    repeated: ClassVar[str] = "This order was recorded before: the list of orders shows it."

    email = email_field("E-mail address", "Of a customer who is known, or of a new one.")
    name = text("Name", "Of a new customer; one who is known keeps theirs.", most=255)
    address = text("Street", most=255)
    address2 = text("Street, second line", most=255)
    city = text("City", most=255)
    region = text("State or region", most=255)
    postal_code = text("Postal code", most=32)
    country = text("Country", "Two letters, such as FR.", most=2)
    code = text("Discount code", most=50, autocapitalize="none", autocomplete="off")
    tax_rate = percent("Tax (per cent)", "Empty: none.")
    status = choice("Status", STATUSES.items())
    at = moment("When", "In UTC. Empty: now.")
    gateway = text("Gateway", "How it was paid.", most=100)
    transaction_id = text("Transaction", "The payment's id at the gateway.", most=256)
    number = text("Order number", "Empty: its id.", most=255)
    is_test = tick("A test order", "Test orders count in the figures as others do, as in EDD.")
    note = long_text("Note", "Kept in the order's history.", rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shop = get_settings()
        self.fields["gateway"].initial = "manual"
        includes = " Prices include it." if self.shop.prices_include_tax else ""
        self.fields["tax_rate"].help_text = f"Empty: none.{includes}"
        self.item_rows = make_rows(ItemRow, self.data or None, "items", spare=3)
        self.fee_rows = make_rows(FeeRow, self.data or None, "fees", spare=1)
        self.drawn: Drawn | None = None

    @property
    def groups(self) -> tuple[Group, ...]:
        return (
            Group("Buyer", ("email", "name"), is_row=True),
            Group("Billing address", ADDRESS, is_row=True),
            Group("Payment", ("status", "at", "gateway", "transaction_id", "number"), is_row=True),
            Group("", ("is_test",)),
            Group("Reckoning", ("code", "tax_rate"), is_row=True),
            Group("", ("note",)),
        )

    @property
    def row_sets(self) -> tuple[RowSet, ...]:
        currency = self.shop.currency
        return (
            RowSet("Items", f"Prices are in {currency}.", self.item_rows, "Add an item"),
            RowSet(
                "Fees", f"In {currency}, without tax. Below zero it is a credit.", self.fee_rows, "Add a fee"
            ),
        )

    def is_valid(self) -> bool:
        rows = [one.is_valid() for one in (self.item_rows, self.fee_rows)]
        if super().is_valid() and all(rows):
            self.carry_out(self._draw)
        return not self.errors and all(rows)

    def _draw(self) -> None:
        """Reckons the order; what a discount refuses stands beside its code."""
        found = self.cleaned_data
        at = found["at"] or timezone.now()
        lines = [make_line(row) for row in self.item_rows.filled]
        if not lines:
            raise ValidationError("An order has at least one item: choose a product.")
        discount = self._find_discount()
        try:
            priced = price_lines(
                lines,
                at=at,
                decimals=get_decimals(self.shop.currency),
                discount=discount,
                tax_rate=found["tax_rate"] or ZERO,
                prices_include_tax=self.shop.prices_include_tax,
            )
        except ValidationError as error:
            self.refuse(error, "code")
            return
        fees = tuple(Fee(row["label"], row["amount"]) for row in self.fee_rows.filled)
        self.drawn = Drawn(at, priced, fees, discount, found["tax_rate"])
        if sum(amount for _, amount in self._list_sums()[:-1]) < 0:
            self.add_error(None, "Credits take off more than the order comes to; a total is not below zero.")

    def _find_discount(self) -> Discount | None:
        code = str(self.cleaned_data["code"]).strip()
        if not code:
            return None
        found = Discount.objects.filter(code_folded=fold_case(code)).first()
        if found is None:
            self.add_error("code", f"There is no discount {code}.")
        return found

    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"]).strip().upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise ValidationError("A country is two letters, such as FR or US.")
        return country

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"]).strip()
        if number and Order.objects.filter(number=number).exists():
            raise ValidationError(f"There is an order with the number {number} already.")
        return number

    def find_customer(self) -> Customer | None:
        """The customer of the address, by any of theirs."""
        folded = fold_case(self.cleaned_data["email"])
        known = Customer.objects.filter(email_folded=folded).first()
        if known is None:
            other = CustomerEmail.objects.filter(email_folded=folded).select_related("customer").first()
            known = other.customer if other else None
        return known

    def make_address(self) -> OrderAddress | None:
        """The billing address, unsaved; None where nothing of it is given."""
        found = {name: self.cleaned_data[name] for name in ADDRESS}
        if not any(found.values()):
            return None
        return OrderAddress(type="billing", name=self.cleaned_data["name"], **found)

    @property
    def summary(self) -> list[tuple[str, str]]:
        """What the order comes to, for the page."""
        if self.drawn is None or self.errors:
            return []
        return [(label, format_amount(one, self.shop.currency)) for label, one in self._list_sums()]

    def _list_sums(self) -> list[tuple[str, Decimal]]:
        assert self.drawn is not None  # noqa: S101 (for the type checker: it is drawn before)
        lines = self.drawn.priced.lines
        parts = [
            ("Subtotal", sum((line.amount * line.quantity for line in lines), ZERO)),
            ("Discount", -self.drawn.priced.discount),
            ("Fees and credits", sum((fee.amount for fee in self.drawn.fees), ZERO)),
            ("Tax", sum((line.tax for line in lines), ZERO)),
        ]
        return [*parts, ("Total", sum((one for _, one in parts), ZERO))]


def make_line(row: dict[str, Any]) -> Line:
    """An item's row as what is bought; its amount is the price."""
    product, option = row["product"]
    price = row["price"] if row["price"] is not None else get_price(product, option)
    return Line(
        product,
        price or ZERO,
        row["quantity"] or 1,
        price_id=option.price_id if option else None,
        name=f"{product.title} — {option.name}" if option and option.name else "",
    )


def get_price(product: Product, option: PriceOption | None) -> Decimal | None:
    """What a piece costs by the catalogue."""
    price: Decimal | None = option.amount if option else product.price
    return price
