"""Fields of the forms that change records: amounts, choices, texts, and products by what they are called."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from tillroll.shop.models import PriceOption, Product

LARGEST = Decimal(999_999_999)
"""The largest whole amount that the store keeps."""

MOST_OFFERED = 500
"""Products that a field offers while one types; any other is named by its id."""

PRODUCTS_LIST = "product-list"
"""The id of the list that a page's product fields share."""


def money_field(
    label: str,
    help_text: str = "",
    *,
    required: bool = False,
    least: Decimal | None = Decimal(0),
    most: Decimal = LARGEST,
) -> Any:
    """An amount of money, without its currency."""
    return forms.DecimalField(
        label=label,
        help_text=help_text,
        required=required,
        min_value=least,
        max_value=most,
        max_digits=18,
        decimal_places=9,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"inputmode": "decimal", "step": "any"}),
        error_messages={
            "invalid": "An amount such as 12.50 is wanted, with a point before the cents.",
            "min_value": "An amount is not below 0.",
            "max_value": f"At most {most} is taken.",
            "max_digits": "An amount has at most nine digits before the point and nine behind it.",
            "max_whole_digits": "An amount has at most nine digits before the point and nine behind it.",
            "max_decimal_places": "An amount has at most nine digits behind the point.",
        },
    )


def percent(label: str, help_text: str = "") -> Any:
    """A rate in per cent."""
    return money_field(label, help_text, most=Decimal(100))


def whole(label: str, help_text: str = "", *, least: int = 0, most: int = 2_147_483_647) -> Any:
    """A whole number, or nothing."""
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        required=False,
        min_value=least,
        max_value=most,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": "A whole number is wanted.",
            "min_value": f"A number from {least} up is wanted.",
            "max_value": f"A number up to {most} is wanted.",
        },
    )


def choice(label: str, choices: Iterable[tuple[str, str]], help_text: str = "", *, initial: str = "") -> Any:
    """One of a few."""
    return forms.ChoiceField(
        label=label,
        choices=list(choices),
        help_text=help_text,
        initial=initial or None,
        widget=UnfoldAdminSelectWidget,
        error_messages={"invalid_choice": "Choose one of the list; %(value)s is not in it."},
    )


def long_text(label: str, help_text: str = "", *, rows: int = 4, most: int = 100_000) -> Any:
    """Several lines of text."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=most,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}),
    )


def email_field(label: str, help_text: str = "", *, required: bool = True) -> Any:
    """An e-mail address."""
    return forms.EmailField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=100,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
        error_messages={"invalid": "An e-mail address such as jane@example.com is wanted."},
    )


class ProductField(forms.CharField):
    """A product, or one of its prices: "12", "12_2", or what the list offers, "12_2 · Inkwell, Many". Its
    value is the product and the price's id, or None."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"list": PRODUCTS_LIST, "autocomplete": "off"})
        super().__init__(label=label, widget=widget, max_length=300, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return read_product(text) if text else None


def read_product(text: str) -> tuple[Product, PriceOption | None]:
    """The product and the price that a text names. Raises ValidationError."""
    ref = text.partition("·")[0].strip()
    number, _, price = ref.partition("_")
    if not (
        number.isdecimal() and len(number) < 19 and (not price or (price.isdecimal() and len(price) < 19))
    ):
        named = list(Product.objects.filter(title__iexact=text.strip())[:2])
        if len(named) == 1:
            return named[0], None
        raise ValidationError(
            f"{text!r} is no product: choose one from the list, or give its id, and its price's as in 12_2."
        )
    product = Product.objects.filter(pk=int(number)).first()
    if product is None:
        raise ValidationError(f"There is no product {number}.")
    if not price:
        return product, None
    option = product.price_options.filter(price_id=int(price)).first()
    if option is None:
        raise ValidationError(f"{product.title} has no price {price}.")
    return product, option


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


def list_products(*, with_prices: bool = True) -> list[str]:
    """What product fields offer: published products first, newest first, each with its prices."""
    products = Product.objects.exclude(status="trash").order_by("-created_local", "-pk")[:MOST_OFFERED]
    found = {product.pk: product for product in products}
    options: dict[int, list[PriceOption]] = {}
    if with_prices:
        for option in PriceOption.objects.filter(product_id__in=found).order_by("product_id", "position"):
            options.setdefault(option.product_id, []).append(option)
    offered = []
    for product in found.values():
        prices = options.get(product.pk, []) if product.has_price_options else []
        if not prices:
            offered.append(f"{product.pk} · {product.title}")
        offered += [f"{product.pk}_{one.price_id} · {product.title}, {one.name}" for one in prices]
    return offered


def show_product(product_id: int, title: str, price_id: int | None = None) -> str:
    """What a product field shows of a product that was chosen before."""
    ref = str(product_id) if price_id is None else f"{product_id}_{price_id}"
    return f"{ref} · {title}"
