"""The form of a product: what it is, its prices, files, bundled products, categories and tags."""

from collections.abc import Iterable
from decimal import Decimal
from html import unescape
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import escape
from django.utils.text import slugify

from tillroll.backoffice.fields import (
    ProductField,
    choice,
    long_text,
    money_field,
    show_product,
    whole,
)
from tillroll.backoffice.forms import PageForm, text, tick, ticks
from tillroll.backoffice.key_forms import Group
from tillroll.backoffice.rows import RowSet, make_rows
from tillroll.shop.currencies import get_decimals
from tillroll.shop.models import BundleItem, PriceOption, Product, ProductFile, Taxonomy, Term
from tillroll.shop.services import add_term, get_settings
from tillroll.shop.text import fold_case

STATUSES = {
    "publish": "Published: in the API and for sale",
    "draft": "Draft: seen here alone",
    "pending": "Pending review",
    "private": "Private",
    "trash": "In the trash",
}
KINDS = {"default": "A product", "bundle": "A bundle of products"}

PLAIN = (
    "title", "slug", "status", "kind", "has_price_options", "sku", "excerpt", "content", "thumbnail",
    "download_limit", "notes",
)  # fmt: skip
"""Fields that the form and the product have alike."""

GROUPS = (
    Group("", ("title", "slug", "status", "kind"), is_row=True),
    Group("Price", ("price", "has_price_options"), is_row=True),
    Group("Where it stands", ("categories", "tags", "sku"), is_row=True),
    Group("Text", ("excerpt", "content", "thumbnail")),
    Group("Delivery", ("download_limit", "notes")),
)


class PriceRow(forms.Form):
    price_id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = text("Name", required=True, most=200)
    amount = money_field("Amount", required=True)
    is_default = tick("Default")


class FileRow(forms.Form):
    number = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = text("Name", most=200)
    file = text("Address", required=True, most=2_000, inputmode="url")
    price = whole("Only for price no.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].error_messages["required"] = (
            "Where the file is, such as https://files.example/a.zip."
        )


class BundleRow(forms.Form):
    product = ProductField("Product")


class ProductForm(PageForm):
    title = text("Title", required=True, most=500)
    slug = text("Slug", "The product's name in addresses. Empty: made of the title.", most=200)
    status = choice("Status", STATUSES.items(), initial="draft")
    kind = choice("Kind", KINDS.items())
    price = money_field("Price", "Without currency. Empty: none is shown.")
    has_price_options = tick("Several prices", "Buyers choose one of those below.")
    categories = ticks("Categories")
    tags = text("Tags", "Between commas. A tag that is not there yet is made.", most=2_000)
    sku = text("SKU", most=200)
    excerpt = long_text("Short description", rows=2)
    content = long_text("Description", "HTML is taken as it is.", rows=8)
    thumbnail = text("Picture", "The address of its picture.", most=2_000, inputmode="url")
    download_limit = whole("Downloads a purchase allows", "Empty: the shop's own rule. 0: any number.")
    notes = long_text("Notes for buyers", "Shown on the receipt.", rows=3)

    def __init__(self, *args: Any, product: Product | None, **kwargs: Any) -> None:
        self.product = product
        kwargs["initial"] = _describe(product) if product else {"status": "draft"}
        super().__init__(*args, **kwargs)
        known = Term.objects.filter(taxonomy=Taxonomy.CATEGORY).order_by("name_key")
        self.fields["categories"].choices = [(str(term.pk), unescape(term.name)) for term in known]  # type: ignore[attr-defined]
        if not known:
            self.fields["categories"].help_text = "There is none yet; categories are made in their own list."
        currency = get_settings().currency
        self.fields["price"].label = f"Price ({currency})"
        self.price_rows = make_rows(PriceRow, self.data or None, "prices", _list_prices(product))
        self.file_rows = make_rows(FileRow, self.data or None, "files", _list_files(product))
        self.taken = product.price_options.values_list("price_id", flat=True) if product else ()
        self.bundle_rows = make_rows(BundleRow, self.data or None, "bundle", _list_bundle(product))

    @property
    def row_sets(self) -> tuple[RowSet, ...]:
        return (
            RowSet("Prices", "They count where “Several prices” is ticked.", self.price_rows, "Add a price"),
            RowSet(
                "Files",
                "What buyers download. A file is for all prices unless it names one.",
                self.file_rows,
                "Add a file",
            ),
            RowSet(
                "Bundled products",
                "What a bundle contains; it counts for bundles alone.",
                self.bundle_rows,
                "Add a product",
            ),
        )

    def is_valid(self) -> bool:
        rows = [one.is_valid() for one in (self.price_rows, self.file_rows, self.bundle_rows)]
        own = super().is_valid()
        if own and all(rows):
            self._check_rows()
        return not self.errors and all(rows)

    def _check_rows(self) -> None:
        prices = self.price_rows.filled
        if self.cleaned_data["has_price_options"] and not prices:
            self.add_error("has_price_options", "There is no price below; add one, or untick this.")
        if sum(one["is_default"] for one in prices) > 1:
            self.add_error("has_price_options", "One price can be the default; several are ticked.")
        known = {row["price_id"] for row in number_prices(prices, self.taken)}
        for row in self.file_rows.filled:
            if row["price"] is not None and row["price"] not in known:
                numbers = ", ".join(str(one) for one in sorted(known)) or "none"
                self.add_error(
                    None,
                    f"There is no price {row['price']} for {row['file']}; the prices are: {numbers}.",
                )
        own = self.product.pk if self.product else None
        if own is not None and any(row["product"][0].pk == own for row in self.bundle_rows.filled):
            self.add_error("kind", "A bundle can't contain itself.")

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).strip()
        if not slug:
            return self._find_free_slug(slugify(self.cleaned_data.get("title", "")) or "product")
        taken = Product.objects.filter(slug_folded=fold_case(slug))
        if taken.exclude(pk=self.product.pk if self.product else 0).exists():
            raise ValidationError(f"There is a product with the slug {slug} already.")
        return slug

    def _find_free_slug(self, wished: str) -> str:
        own = self.product.pk if self.product else 0
        begun = Product.objects.filter(slug_folded__startswith=fold_case(wished)).exclude(pk=own)
        taken = set(begun.values_list("slug_folded", flat=True))
        slug, number = wished[:190], 1
        while fold_case(slug) in taken:
            number += 1
            slug = f"{wished[:190]}-{number}"
        return slug

    def clean_tags(self) -> list[str]:
        names = [name.strip() for name in str(self.cleaned_data["tags"]).split(",")]
        for name in names:
            if len(name) > 200:
                raise ValidationError("A tag has at most 200 characters.")
        return list(dict.fromkeys(name for name in names if name))


class Lists(NamedTuple):
    """What belongs to a product, as save_product takes it."""

    prices: list[PriceOption]
    files: list[ProductFile]
    bundle: list[BundleItem]
    terms: list[Term]


def fill(product: Product, form: ProductForm) -> Lists:
    """Writes a form into a product, unsaved; tags that are not there are made. Inside the caller's
    transaction."""
    found = form.cleaned_data
    for name in PLAIN:
        setattr(product, name, found[name])
    product.price = found["price"]
    prices = number_prices(form.price_rows.filled, form.taken)
    default = next((row["price_id"] for row in prices if row["is_default"]), None)
    product.default_price_id = default or (prices[0]["price_id"] if prices else None)
    return Lists(
        _make_prices(product, prices), _make_files(product, form), _make_bundle(form), _get_terms(found)
    )


def number_prices(rows: list[dict[str, Any]], taken: Iterable[int] = ()) -> list[dict[str, Any]]:
    """Rows of prices with the ids that new ones get: those that follow the largest one, also of those that
    are `taken` by prices which go now: orders name them."""
    last = max((*taken, *(row["price_id"] or 0 for row in rows)), default=0)
    numbered = []
    for row in rows:
        if row["price_id"] is None:
            last += 1
        numbered.append({**row, "price_id": last if row["price_id"] is None else row["price_id"]})
    return numbered


def _make_prices(product: Product, rows: list[dict[str, Any]]) -> list[PriceOption]:
    """Options anew, each with what else the shop noted of the one with its id."""
    extras = dict(PriceOption.objects.filter(product_id=product.pk).values_list("price_id", "extra"))
    decimals = get_decimals(get_settings().currency)
    return [
        PriceOption(
            price_id=row["price_id"],
            name=row["name"],
            amount=row["amount"],
            amount_text=_write(row["amount"], decimals),
            extra=extras.get(row["price_id"], {}),
        )
        for row in rows
    ]


def _write(amount: Decimal, decimals: int) -> str:
    rounded = amount.quantize(Decimal(1).scaleb(-decimals))
    return f"{rounded:f}" if rounded == amount else f"{amount.normalize():f}"


def _make_files(product: Product, form: ProductForm) -> list[ProductFile]:
    known = {one.file_id: one for one in ProductFile.objects.filter(product_id=product.pk)}
    last = max(known, default=0)
    made = []
    for row in form.file_rows.filled:
        number = row["number"]
        if number is None or number not in known:
            last += 1
            number = last
        before = known.get(number)
        made.append(
            ProductFile(
                file_id=number,
                index=before.index if before else str(number),
                attachment_id=before.attachment_id if before and before.file == row["file"] else "0",
                thumbnail_size=before.thumbnail_size if before else "",
                name=row["name"],
                file=row["file"],
                condition="all" if row["price"] is None else str(row["price"]),
                extra=before.extra if before else {},
            )
        )
    return made


def _make_bundle(form: ProductForm) -> list[BundleItem]:
    return [
        BundleItem(product=product, price_id=option.price_id if option else None, condition="all")
        for product, option in (row["product"] for row in form.bundle_rows.filled)
    ]


def _get_terms(found: dict[str, Any]) -> list[Term]:
    terms = list(Term.objects.filter(pk__in=found["categories"]))
    for name in found["tags"]:
        tags = Term.objects.filter(taxonomy=Taxonomy.TAG)
        slug = slugify(name) or name
        tag = (
            tags.filter(name__iexact=escape(name)).first() or tags.filter(slug_folded=fold_case(slug)).first()
        )
        terms.append(tag or add_term(Taxonomy.TAG, escape(name), slug))
    return list(dict.fromkeys(terms))


def _describe(product: Product) -> dict[str, Any]:
    """What a product's form says at first."""
    terms = [one.term for one in product.product_terms.select_related("term")]
    described: dict[str, Any] = {name: getattr(product, name) for name in PLAIN}
    described["price"] = _trim(product.price)
    described["categories"] = [str(one.pk) for one in terms if one.taxonomy == Taxonomy.CATEGORY]
    described["tags"] = ", ".join(unescape(one.name) for one in terms if one.taxonomy == Taxonomy.TAG)
    return described


def _trim(amount: Decimal | None) -> str | None:
    return None if amount is None else _write(amount, get_decimals(get_settings().currency))


def _list_prices(product: Product | None) -> list[dict[str, Any]]:
    return [
        {
            "price_id": one.price_id,
            "name": one.name,
            "amount": _trim(one.amount),
            "is_default": product is not None and one.price_id == product.default_price_id,
        }
        for one in (product.price_options.order_by("position") if product else ())
    ]


def _list_files(product: Product | None) -> list[dict[str, Any]]:
    return [
        {
            "number": one.file_id,
            "name": one.name or "",
            "file": one.file or "",
            "price": int(one.condition) if one.condition and one.condition.isdecimal() else None,
        }
        for one in (product.files.order_by("position") if product else ())
    ]


def _list_bundle(product: Product | None) -> list[dict[str, Any]]:
    if product is None:
        return []
    items = list(product.bundle_items.order_by("position"))
    titles = dict(Product.objects.filter(pk__in=[one.product_id for one in items]).values_list("pk", "title"))
    return [
        {"product": show_product(one.product_id, titles[one.product_id], one.price_id)}
        for one in items
        if one.product_id in titles
    ]
