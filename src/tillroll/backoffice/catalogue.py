"""Products, categories and tags."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.http import HttpRequest

from tillroll.access.capabilities import Capability
from tillroll.backoffice.columns import link, money, plain, shown, sum_of
from tillroll.backoffice.filters import one_of
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import Part, Viewer
from tillroll.shop.models import BundleItem, PriceOption, Product, ProductFile, ProductTerm, Taxonomy, Term
from tillroll.shop.services import get_settings
from tillroll.shop.text import fold

STATUSES = ("publish", "draft", "pending", "private", "future", "trash")


class Prices(Part):
    model = PriceOption
    ordering = ("position",)
    needs = Capability.VIEW_SHOP_REPORTS
    verbose_name_plural = "price options"
    fields = ("price_id", "name", money("amount"))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(shop_currency=Value(get_settings().currency))


class Files(Part):
    model = ProductFile
    ordering = ("position",)
    verbose_name_plural = "files"
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    fields = ("file_id", "name", "file", "condition")


class Bundled(Part):
    model = BundleItem
    fk_name = "bundle"
    ordering = ("position",)
    needs = Capability.VIEW_SHOP_REPORTS
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
    needs = Capability.VIEW_SHOP_REPORTS
    verbose_name_plural = "categories and tags"
    fields = (
        shown(lambda one: link("shop_term", one.term_id, one.term.name), "name"),
        shown(lambda one: one.term.get_taxonomy_display(), "kind"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("term")


SKU = plain("sku", "SKU")
CREATED = plain("created_local", "created (shop's clock)")
MODIFIED = plain("modified_local", "modified (shop's clock)")


@admin.register(Product, site=site)
class ProductPage(Viewer):
    needs = Capability.VIEW_SHOP_REPORTS
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
    list_filter = (one_of("status", STATUSES), one_of("kind", ("default", "bundle")))
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
    needs = Capability.VIEW_SHOP_REPORTS
    list_display = ("name", "taxonomy", "slug", plain("count", "published products"))
    list_filter = (one_of("taxonomy", Taxonomy.values, "kind"),)
    search_fields = ("name", "slug")
    search_help_text = "Name or slug"
    ordering = ("taxonomy", "name")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "slug"),
                    ("taxonomy", plain("count", "published products")),
                    "description",
                    ("term_id", plain("parent_id", "parent's term id")),
                )
            },
        ),
    )
