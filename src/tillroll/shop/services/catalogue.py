"""Products, categories and tags."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from tillroll.shop import kept
from tillroll.shop.kept import adjust_tally
from tillroll.shop.models import (
    BundleItem,
    PriceOption,
    Product,
    ProductFile,
    ProductTerm,
    Source,
    SourceKind,
    Taxonomy,
    Term,
)
from tillroll.shop.models.source import OWN_IDS_FROM
from tillroll.shop.revision import Topic, touch, write
from tillroll.shop.services.mirror import refuse_mirrored
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
    refuse_mirrored("A product")
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
    """A category or a tag; its name is kept as HTML would show it escaped, as WordPress does. ValidationError
    where its slug is another's."""
    refuse_mirrored("A category or a tag")
    with write(Topic.CATALOGUE):
        highest = Term.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        if Source.objects.exclude(kind=SourceKind.DEMO).exists():  # whose own ids go on below
            highest = max(highest, OWN_IDS_FROM - 1)
        fields: Mapping[str, Any] = {"id": highest + 1, "term_id": highest + 1, **extra}
        term = Term(
            taxonomy=taxonomy, name=name, slug=slug, parent_id=parent.term_id if parent else 0, **fields
        )
        _check_term(term)
        term.save(force_insert=True)
    return term


def save_term(term: Term) -> Term:
    """Saves a category or a tag that is there. ValidationError where its slug is another's, or where a
    category would be below itself."""
    refuse_mirrored("A category or a tag")
    with write(Topic.CATALOGUE):
        _check_term(term)
        above, seen = term.parent_id, {term.term_id}
        while above:
            if above in seen:
                raise ValidationError({"parent": "A category can't be below itself."})
            seen.add(above)
            found = Term.objects.filter(taxonomy=term.taxonomy, term_id=above).first()
            above = found.parent_id if found else 0
        term.save()
    return term


def delete_term(term: Term) -> int:
    """Removes a category or a tag; its products stay, and what was below it moves up. How many products had
    it."""
    refuse_mirrored("A category or a tag")
    with write(Topic.CATALOGUE):
        Term.objects.filter(taxonomy=term.taxonomy, parent_id=term.term_id).update(parent_id=term.parent_id)
        products = list(ProductTerm.objects.filter(term=term).values_list("product_id", flat=True))
        touch(Product, products)
        term.delete()
    return len(products)


def _check_term(term: Term) -> None:
    """Fills the columns by which a term is found; refuses a slug that is taken."""
    term.slug_folded = fold_case(term.slug)
    term.name_key = sort_key(term.name)
    taken = Term.objects.filter(taxonomy=term.taxonomy, slug_folded=term.slug_folded).exclude(pk=term.pk)
    if taken.exists():
        what = "category" if term.taxonomy == Taxonomy.CATEGORY else "tag"
        raise ValidationError({"slug": f"There is a {what} with the slug {term.slug} already."})


def _put(product: Product, owner: str, model: Any, rows: Iterable[Any] | None) -> None:
    """Replaces one list of a product."""
    if rows is None:
        return
    model.objects.filter(**{owner: product}).delete()
    for place, row in enumerate(rows):
        setattr(row, owner, product)
        row.position = place
    model.objects.bulk_create(rows if isinstance(rows, list) else list(rows))
