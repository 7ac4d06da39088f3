"""Products, categories and tags."""

from functools import partial
from html import unescape
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from tillroll.access.capabilities import Capability
from tillroll.backoffice import product_pages, term_pages
from tillroll.backoffice.columns import link, money, plain, shown, sum_of
from tillroll.backoffice.filters import one_of
from tillroll.backoffice.listing import Button
from tillroll.backoffice.rights import may
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import Part, Viewer
from tillroll.shop.models import BundleItem, PriceOption, Product, ProductFile, ProductTerm, Taxonomy, Term
from tillroll.shop.services import get_settings
from tillroll.shop.text import fold

MOST_TERMS = 100
"""Categories that the list is narrowed by; the others have their own pages."""

STATUSES = ("publish", "draft", "pending", "private", "future", "trash")


class ByTerm(admin.SimpleListFilter):
    """A filter by the categories; a tag's page leads here too."""

    title = "category"
    parameter_name = "term"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        wanted = Q(taxonomy=Taxonomy.CATEGORY)
        if (chosen := request.GET.get("term", "")).isdecimal() and len(chosen) < 19:
            wanted |= Q(pk=int(chosen))
        found = Term.objects.filter(wanted).order_by("taxonomy", "name_key")[:MOST_TERMS]
        return [(str(term.pk), unescape(term.name)) for term in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if not (value.isdecimal() and len(value) < 19):
            return queryset
        return queryset.filter(pk__in=ProductTerm.objects.filter(term_id=int(value)).values("product_id"))


SEEN = (Capability.VIEW_SHOP_REPORTS, Capability.EDIT_PRODUCTS)
"""Either of these shows the catalogue."""


class Prices(Part):
    model = PriceOption
    ordering = ("position",)
    needs = SEEN
    verbose_name_plural = "price options"
    fields = ("price_id", "name", money("amount"))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(shop_currency=Value(get_settings().currency))


class Files(Part):
    model = ProductFile
    ordering = ("position",)
    verbose_name_plural = "files"
    needs = (Capability.VIEW_SHOP_SENSITIVE_DATA, Capability.EDIT_PRODUCTS)
    fields = ("file_id", "name", "file", "condition")


class Bundled(Part):
    model = BundleItem
    fk_name = "bundle"
    ordering = ("position",)
    needs = SEEN
    verbose_name_plural = "bundled products"
    fields = (
        shown(lambda item: _product(item), "product"),
        "price_id",
        "condition",
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        title = Product.objects.filter(pk=OuterRef("product_id")).values("title")
        return super().get_queryset(request).annotate(product_title=Subquery(title[:1]))


def _product(item: Any) -> str:
    """A bundled product, which may be gone."""
    if item.product_title is None:
        return f"{item.product_id} (gone)"
    return link("shop_product", item.product_id, item.product_title)


class Terms(Part):
    model = ProductTerm
    needs = SEEN
    verbose_name_plural = "categories and tags"
    fields = (
        shown(lambda one: link("shop_term", one.term_id, one.term.name), "name"),
        shown(lambda one: one.term.get_taxonomy_display(), "kind"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("term")


NAME = shown(lambda term: unescape(term.name), "name", "name_key")
SKU = plain("sku", "SKU")
CREATED = plain("created_local", "created (shop's clock)")
MODIFIED = plain("modified_local", "modified (shop's clock)")


@admin.register(Product, site=site)
class ProductPage(Viewer):
    needs = SEEN
    intro = "What the shop sells, with prices and files."
    add_title = "Add a product"
    sensitive = frozenset(("notes", "content", "excerpt"))
    list_display = (
        "id",
        "title",
        "status",
        money("price"),
        SKU,
        "sales",
        sum_of("earnings", "earnings_whole"),
        CREATED,
    )
    list_display_links = ("id", "title")
    list_filter = (one_of("status", STATUSES), one_of("kind", ("default", "bundle")), ByTerm)
    search_fields = ("title", "slug", "sku")
    search_help_text = "Title, slug or SKU"
    ordering = ("-created_local", "-id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("id", "status"),
                    ("title", "slug"),
                    ("kind", SKU),
                    "permalink",
                    (CREATED, MODIFIED),
                )
            },
        ),
        (
            "Price",
            {"fields": ((money("price"), "has_price_options"), ("default_price_id", "download_limit"))},
        ),
        (
            "Figures",
            {
                "description": "Net of refunds and taxes, over all time.",
                "fields": (("sales", sum_of("earnings", "earnings_whole")),),
            },
        ),
        ("Text", {"fields": ("excerpt", "content", "notes")}),
    )
    inlines = (Prices, Files, Bundled, Terms)
    export_display = (
        "id", "title", "slug", "status", "kind", money("price"), "has_price_options", SKU, "sales",
        sum_of("earnings", "earnings_whole"), CREATED, MODIFIED, "permalink",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Capability.EDIT_PRODUCTS)

    def get_buttons(self, request: HttpRequest, record: Any) -> list[Button]:
        found = []
        if may(request.user, Capability.EDIT_PRODUCTS):
            found.append(Button("Edit", reverse("admin:shop_product_edit", args=(record.pk,)), "main"))
        if may(request.user, Capability.VIEW_SHOP_REPORTS):
            orders = reverse("admin:shop_order_changelist")
            found.append(Button("Orders of this product", f"{orders}?product={record.pk}"))
        return found

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return product_pages.add(self, request)

    def get_urls(self) -> list[Any]:
        edit = self.admin_site.admin_view(partial(product_pages.change, self))
        return [path("<int:pk>/edit/", edit, name="shop_product_edit"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        for word in search_term.split():
            found = Q(search_text__contains=fold(word)) | Q(slug__icontains=word)
            queryset = queryset.filter(found | Q(sku__icontains=word) | Q(title__icontains=word))
        return queryset, False

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        prices = [Prices] if obj and obj.has_price_options else []
        bundled = [Bundled] if obj and obj.kind == "bundle" else []
        return [*prices, Files, *bundled, Terms]


@admin.register(Term, site=site)
class TermPage(Viewer):
    needs = SEEN
    intro = "Products are found by their categories and tags, here and in the API."
    list_display = (NAME, "taxonomy", "slug", plain("count", "published products"))
    list_filter = (one_of("taxonomy", Taxonomy.values, "kind", labels=dict(Taxonomy.choices)),)
    search_fields = ("name", "slug")
    search_help_text = "Name or slug"
    ordering = ("taxonomy", "name_key")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    (NAME, "slug"),
                    ("taxonomy", plain("count", "published products")),
                    "description",
                    ("term_id", plain("parent_id", "parent's term id")),
                )
            },
        ),
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Capability.EDIT_PRODUCTS)

    def get_buttons(self, request: HttpRequest, record: Any) -> list[Button]:
        products = f"{reverse('admin:shop_product_changelist')}?term={record.pk}"
        found = [Button("Its products", products)]
        if may(request.user, Capability.EDIT_PRODUCTS):
            edit = reverse("admin:shop_term_edit", args=(record.pk,))
            remove = reverse("admin:shop_term_remove", args=(record.pk,))
            found = [Button("Edit", edit, "main"), *found, Button("Remove…", remove, "danger")]
        return found

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return term_pages.add(request)

    def get_urls(self) -> list[Any]:
        guard = self.admin_site.admin_view
        return [
            path("<int:pk>/edit/", guard(term_pages.change), name="shop_term_edit"),
            path("<int:pk>/remove/", guard(term_pages.remove), name="shop_term_remove"),
            *super().get_urls(),
        ]
