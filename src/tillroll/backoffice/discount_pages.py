"""Making and changing a discount code."""

from collections.abc import Mapping
from html import unescape
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from tillroll.access.audit import compare
from tillroll.access.capabilities import Capability
from tillroll.backoffice.columns import show_number
from tillroll.backoffice.fields import ProductField, choice, list_products, money_field, show_product, whole
from tillroll.backoffice.forms import PageForm, moment, text, tick, ticks
from tillroll.backoffice.key_forms import Group
from tillroll.backoffice.key_pages import FORM, bind
from tillroll.backoffice.origin import describe_origin
from tillroll.backoffice.rights import may
from tillroll.backoffice.rows import RowSet, make_rows
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.shop.models import Discount, PriceOption, Product, Taxonomy, Term
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import get_settings, save_discount

STATUSES = {
    "active": "Active: buyers can use it",
    "inactive": "Inactive",
    "expired": "Expired",
    "archived": "Archived",
}
ROLES = {"requirement": "Required", "exclusion": "Excluded"}

GROUPS = (
    Group("", ("name", "code", "status")),
    Group("What it takes off", ("amount_type", "amount")),
    Group("When and how often", ("starts_at", "ends_at", "max_uses", "min_charge"), is_row=True),
    Group("", ("once_per_customer",)),
    Group("For which products", ("requirement_condition", "scope", "term_condition", "terms")),
)


class ProductRow(forms.Form):
    role = choice("Is", ROLES.items())
    product = ProductField("Product")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = "requirement"


class DiscountForm(PageForm):
    name = text("Name", "For you alone.", required=True, most=200)
    code = text(
        "Code", "What buyers type; large and small letters are the same.", required=True, most=50,
        autocapitalize="none", autocomplete="off", spellcheck="false",
    )  # fmt: skip
    status = choice("Status", STATUSES.items())
    amount_type = choice("Kind", (("percent", "Per cent"), ("flat", "An amount")))
    amount = money_field("How much", required=True)
    starts_at = moment("Begins", "In UTC. Empty: at once.")
    ends_at = moment("Ends", "In UTC. Empty: never.")
    max_uses = whole("Uses", "Empty or 0: any number.")
    min_charge = money_field("Least order", "Empty: any.")
    once_per_customer = tick("Once a customer")
    requirement_condition = choice(
        "Required products", (("all", "All of them must be bought"), ("any", "One of them must be bought"))
    )
    scope = choice(
        "Taken off", (("global", "The whole order"), ("not_global", "The required products alone"))
    )
    term_condition = choice(
        "Categories", (("", "Any"), ("include", "Only those ticked"), ("exclude", "All but those ticked"))
    )
    terms = ticks("Which categories")

    def __init__(self, *args: Any, discount: Discount | None, **kwargs: Any) -> None:
        self.discount = discount
        if discount:
            kwargs["initial"] = _get_initial(discount)
        super().__init__(*args, **kwargs)
        self.fields["term_condition"].required = False
        known = Term.objects.filter(taxonomy=Taxonomy.CATEGORY).order_by("name_key")
        self.fields["terms"].choices = [(str(one.term_id), unescape(one.name)) for one in known]  # type: ignore[attr-defined]
        status: Any = self.fields["status"]
        if discount and discount.status not in STATUSES:
            status.choices = [*status.choices, (discount.status, discount.status.capitalize())]
        self.product_rows = make_rows(ProductRow, self.data or None, "products", _list_rows(discount))

    @property
    def row_sets(self) -> tuple[RowSet, ...]:
        intro = "Required products must be in the order; excluded ones take nothing off."
        return (RowSet("Products", intro, self.product_rows, "Add a product"),)

    def is_valid(self) -> bool:
        rows = self.product_rows.is_valid()
        return super().is_valid() and bool(rows)

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        starts, ends = found.get("starts_at"), found.get("ends_at")
        if starts and ends and ends <= starts:
            self.add_error("ends_at", "It ends before it begins; give a later time.")
        if found.get("amount_type") == "percent" and (found.get("amount") or 0) > 100:
            self.add_error("amount", "At most 100 per cent can be taken off.")
        if found.get("term_condition") and not found.get("terms"):
            self.add_error("terms", "Tick the categories that this is about, or choose any.")
        return found

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if any(letter.isspace() for letter in code):
            raise ValidationError("A code has no spaces in it.")
        return code


def add(request: HttpRequest) -> HttpResponse:
    """A form for a new discount."""
    return _edit(request, None)


def change(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a discount that is there."""
    _check(request)
    return _edit(request, get_object_or_404(Discount, pk=pk))


def _edit(request: HttpRequest, discount: Discount | None) -> HttpResponse:
    _check(request)
    form = DiscountForm(request.POST or None, discount=discount)
    if request.method == "POST" and form.is_valid():
        saved = form.carry_out(lambda: _save(request, discount or Discount(), form))
        if saved is not None:
            messages.success(request, f"The discount {saved.code} was saved.")
            return HttpResponseRedirect(reverse("admin:shop_discount_change", args=(saved.pk,)))
    here = reverse("admin:shop_discount_changelist")
    return site.show(
        request,
        FORM,
        f"Edit {discount.code}" if discount else "Add a discount",
        intro=describe_origin(discount),
        form=form,
        groups=bind(form, GROUPS),
        row_sets=form.row_sets,
        offered=list_products(),
        save="Save the discount",
        back=reverse("admin:shop_discount_change", args=(discount.pk,)) if discount else here,
    )


def _save(request: HttpRequest, discount: Discount, form: DiscountForm) -> Discount:
    found = form.cleaned_data
    is_new = discount.pk is None
    rows = form.product_rows.filled
    refs = {role: [_get_ref(row) for row in rows if row["role"] == role] for role in ROLES}
    with write(Topic.DISCOUNTS):
        before = {} if is_new else describe_discount(discount)
        for name in (
            "name", "code", "status", "amount_type", "amount", "starts_at", "ends_at", "once_per_customer",
            "requirement_condition", "scope", "term_condition",
        ):  # fmt: skip
            setattr(discount, name, found[name])
        discount.max_uses = found["max_uses"] or 0
        discount.min_charge = found["min_charge"] or 0
        save_discount(
            discount,
            requirements=refs["requirement"],
            exclusions=refs["exclusion"],
            terms=[int(one) for one in found["terms"]] if found["term_condition"] else [],
        )
        changes = compare(before, describe_discount(discount))
        if is_new or changes:
            note(request, "added" if is_new else "changed", discount, changes)
    return discount


def _get_ref(row: dict[str, Any]) -> str:
    product, option = row["product"]
    return str(product.pk) if option is None else f"{product.pk}_{option.price_id}"


def describe_discount(discount: Discount) -> Mapping[str, object]:
    """What the audit trail says of a discount."""
    currency = get_settings().currency
    rows = list(discount.products.order_by("role", "position"))
    return {
        "name": discount.name,
        "code": discount.code,
        "status": discount.status,
        "worth": f"{show_number(discount.amount)} {'%' if discount.amount_type == 'percent' else currency}",
        "begins": discount.starts_at,
        "ends": discount.ends_at,
        "uses": discount.max_uses or None,
        "least order": show_number(discount.min_charge) if discount.min_charge else None,
        "once a customer": discount.once_per_customer,
        "taken off": discount.scope,
        "condition": discount.requirement_condition,
        "required products": [one.product_ref for one in rows if one.role == "requirement"],
        "excluded products": [one.product_ref for one in rows if one.role == "exclusion"],
        "categories": [discount.term_condition, *discount.terms.values_list("term_id", flat=True)]
        if discount.term_condition
        else [],
    }


def _get_initial(discount: Discount) -> dict[str, Any]:
    initial: dict[str, Any] = {
        name: getattr(discount, name)
        for name in (
            "name",
            "code",
            "status",
            "amount_type",
            "starts_at",
            "ends_at",
            "once_per_customer",
            "scope",
            "term_condition",
        )
    }
    return initial | {
        "requirement_condition": discount.requirement_condition or "all",
        "amount": show_number(discount.amount),
        "max_uses": discount.max_uses or None,
        "min_charge": show_number(discount.min_charge) if discount.min_charge else None,
        "terms": [str(one) for one in discount.terms.values_list("term_id", flat=True)],
    }


def _list_rows(discount: Discount | None) -> list[dict[str, Any]]:
    rows = list(discount.products.order_by("role", "position")) if discount else []
    refs = [one.product_ref.partition("_") for one in rows]
    ids = [int(number) for number, _, _ in refs if number.isdecimal()]
    titles = dict(Product.objects.filter(pk__in=ids).values_list("pk", "title"))
    options = set(PriceOption.objects.filter(product_id__in=ids).values_list("product_id", "price_id"))
    shown = []
    for row, (number, _, price) in zip(rows, refs, strict=True):
        if not number.isdecimal() or int(number) not in titles:
            continue  # the product is gone, and what is saved is without it
        key = int(price) if price.isdecimal() and (int(number), int(price)) in options else None
        shown.append({"role": row.role, "product": show_product(int(number), titles[int(number)], key)})
    return shown


def _check(request: HttpRequest) -> None:
    if not may(request.user, Capability.MANAGE_SHOP_DISCOUNTS):
        raise PermissionDenied
