"""Products, categories and tags."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from django.utils import timezone

from tillroll.shop import kept
from tillroll.shop.kept import adjust_tally
from tillroll.shop.models import BundleItem, PriceOption, Product, ProductFile, ProductTerm, Taxonomy, Term
from tillroll.shop.revision import Topic, write
from tillroll.shop.services.settings import get_settings
from tillroll.shop.text import fold, fold_case, sort_key
from tillroll.shop.zone import parse_zone, to_local

LOCAL_FORM = "%Y-%m-%d %H:%M:%S"

_KEPT = ("sales", "earnings_whole", "earnings_rest")
"""Columns that follow from the orders (see kept.py)."""


def fold_product(product: Product) -> None:
    """Fills the columns by which a product is found and sorted."""
    product.slug_folded = fold_case(product.slug)
    product.slug_key = sort_key(product.slug)
    product.title_key = sort_key(product.title)
    product.search_text = fold("\n".join((product.title, product.excerpt, product.content)))


def save_product(
    product: Product,
    *,
    prices: Iterable[PriceOption] | None = None,
    files: Iterable[ProductFile] | None = None,
    bundle: Iterable[BundleItem] | None = None,
    terms: Iterable[Term] | None = None,
) -> Product:
    """Saves a product, and each of its lists that is given; positions follow the order given.

    The time of modification that the shop shows is now, unless the caller set another `modified_local` (or,
    of a new product, `modified_at`). A product that was saved before keeps its figures, whatever the caller's
    copy of them says.
    """
    with write(Topic.CATALOGUE):
        settings = get_settings()
        zone = parse_zone(settings.timezone)
        stored = Product.objects.filter(pk=product.pk).first()
        if stored is not None:
            for name in _KEPT:
                setattr(product, name, getattr(stored, name))
            if product.modified_local == stored.modified_local:
                product.modified_local = _local_text(timezone.now(), zone)
        _date(product, zone)
        fold_product(product)
        product.save()
        home = settings.url.rstrip("/")
        if not product.link or not product.permalink:
            product.link = product.link or f"{home}/?post_type=download&p={product.pk}"
            product.permalink = product.permalink or (
                f"{home}/downloads/{product.slug}/" if product.status == "publish" else product.link
            )
            product.save(update_fields=("link", "permalink"))
        if stored is not None:
            adjust_tally(f"product:{stored.status}", -1)
        adjust_tally(f"product:{product.status}", 1)
        _put(product, "product", PriceOption, prices)
        _put(product, "product", ProductFile, files)
        _put(product, "bundle", BundleItem, bundle)
        if terms is not None:
            ProductTerm.objects.filter(product=product).delete()
            ProductTerm.objects.bulk_create(ProductTerm(product=product, term=term) for term in terms)
        kept.refresh_terms()
    return product


def _date(product: Product, zone: tzinfo) -> None:
    """Fills the times that are missing: now, and the shop's clock at them."""
    now = timezone.now()
    product.created_at = product.created_at or now
    product.created_local = product.created_local or _local_text(product.created_at, zone)
    product.modified_local = product.modified_local or _local_text(product.modified_at or now, zone)
    product.modified_at = now  # when it changed here, which is what a client that keeps a copy asks for


def _local_text(moment: datetime, zone: tzinfo) -> str:
    return to_local(moment, zone).strftime(LOCAL_FORM)


def add_term(taxonomy: Taxonomy, name: str, slug: str, *, parent: Term | None = None, **extra: Any) -> Term:
    """A category or a tag; its name is kept as HTML would show it escaped, as WordPress does."""
    with write(Topic.CATALOGUE):
        highest = Term.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        fields: Mapping[str, Any] = {"id": highest + 1, "term_id": highest + 1, **extra}
        return Term.objects.create(
            taxonomy=taxonomy,
            name=name,
            slug=slug,
            slug_folded=fold_case(slug),
            name_key=sort_key(name),
            parent_id=parent.term_id if parent else 0,
            **fields,
        )


def _put(product: Product, owner: str, model: Any, rows: Iterable[Any] | None) -> None:
    """Replaces one list of a product."""
    if rows is None:
        return
    model.objects.filter(**{owner: product}).delete()
    for place, row in enumerate(rows):
        setattr(row, owner, product)
        row.position = place
    model.objects.bulk_create(rows if isinstance(rows, list) else list(rows))
