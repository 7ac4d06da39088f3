"""Making and changing a product."""

from collections.abc import Mapping
from html import unescape
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from tillroll.access.audit import compare
from tillroll.access.capabilities import Capability
from tillroll.backoffice.columns import format_amount
from tillroll.backoffice.fields import list_products
from tillroll.backoffice.key_pages import FORM, bind
from tillroll.backoffice.origin import describe_origin
from tillroll.backoffice.product_forms import GROUPS, ProductForm, fill
from tillroll.backoffice.rights import may
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.shop.models import Product
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import get_settings, save_product


def add(page: Any, request: HttpRequest) -> HttpResponse:
    """A form for a new product."""
    return _edit(request, None)


def change(page: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a product that is there."""
    if not may(request.user, Capability.EDIT_PRODUCTS):
        raise PermissionDenied
    return _edit(request, get_object_or_404(Product, pk=pk))


def _edit(request: HttpRequest, product: Product | None) -> HttpResponse:
    if not may(request.user, Capability.EDIT_PRODUCTS):
        raise PermissionDenied
    form = ProductForm(request.POST or None, product=product)
    if request.method == "POST" and form.is_valid():
        saved = form.carry_out(lambda: _save(request, product or Product(), form))
        if saved is not None:
            messages.success(request, f"{saved.title} was saved.")
            return HttpResponseRedirect(reverse("admin:shop_product_change", args=(saved.pk,)))
    here = reverse("admin:shop_product_changelist")
    return site.show(
        request,
        FORM,
        f"Edit {product.title}" if product else "Add a product",
        intro=describe_origin(product),
        form=form,
        groups=bind(form, GROUPS[:2]),
        row_sets=form.row_sets,
        more_groups=bind(form, GROUPS[2:]),
        offered=list_products(),
        save="Save the product",
        back=reverse("admin:shop_product_change", args=(product.pk,)) if product else here,
    )


def _save(request: HttpRequest, product: Product, form: ProductForm) -> Product:
    is_new = product.pk is None
    before = {} if is_new else describe_product(product)
    with write(Topic.CATALOGUE):
        lists = fill(product, form)
        save_product(product, prices=lists.prices, files=lists.files, bundle=lists.bundle, terms=lists.terms)
        changes = compare(before, describe_product(product))
        if is_new or changes:
            note(request, "added" if is_new else "changed", product, changes)
    return product


def describe_product(product: Product) -> Mapping[str, object]:
    """What the audit trail says of a product, by what people call it."""
    currency = get_settings().currency
    terms = product.product_terms.select_related("term").order_by("term__taxonomy", "term__name_key")
    return {
        "title": product.title,
        "slug": product.slug,
        "status": product.status,
        "kind": product.kind,
        "price": None if product.price is None else format_amount(product.price, currency),
        "prices": [
            f"{one.price_id} {one.name}: {format_amount(one.amount, currency)}"
            for one in product.price_options.order_by("position")
        ]
        if product.has_price_options
        else [],
        "files": [f"{one.name or ''} {one.file or ''}".strip() for one in product.files.order_by("position")],
        "bundled products": [
            one.product_id if one.price_id is None else f"{one.product_id}_{one.price_id}"
            for one in product.bundle_items.order_by("position")
        ],
        "categories and tags": [unescape(one.term.name) for one in terms],
        "SKU": product.sku,
        "short description": product.excerpt,
        "description": product.content,
        "picture": product.thumbnail,
        "downloads a purchase allows": product.download_limit,
        "notes": product.notes,
    }
