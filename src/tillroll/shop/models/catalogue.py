"""What the shop sells: products, their prices, files and bundles, and the terms that order them."""

from decimal import Decimal

from django.db import models

from tillroll.shop.fields import MoneyField, join_sum
from tillroll.shop.models.source import SourcedModel


class Taxonomy(models.TextChoices):
    CATEGORY = "download_category", "Category"
    TAG = "download_tag", "Tag"


class Product(SourcedModel):
    """A product. `created_local` and `modified_local` are the shop's own clock as it was written down: a
    wall-clock reading that a change of zone or a skipped hour must not alter, and the order in which
    products are listed."""

    title = models.TextField()
    slug = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, default="publish")
    kind = models.CharField(max_length=20, default="default", help_text="default or bundle")
    content = models.TextField(blank=True)
    excerpt = models.TextField(blank=True)
    is_protected = models.BooleanField(default=False, help_text="A password stands before its content.")
    link = models.TextField(blank=True, help_text="The lasting address that feeds know the product by.")
    permalink = models.TextField(blank=True)
    thumbnail = models.TextField(blank=True)
    sku = models.TextField(blank=True)
    notes = models.TextField(blank=True)
    price = MoneyField(null=True, blank=True)
    has_price_options = models.BooleanField(default=False)
    default_price_id = models.BigIntegerField(null=True, blank=True)
    download_limit = models.IntegerField(null=True, blank=True)
    author_id = models.BigIntegerField(default=0)
    parent_id = models.BigIntegerField(default=0)
    menu_order = models.IntegerField(default=0)
    comment_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    created_local = models.CharField(max_length=19)
    modified_local = models.CharField(max_length=19)

    slug_folded = models.CharField(max_length=600, blank=True, editable=False)
    title_key = models.BinaryField(default=b"", editable=False)
    slug_key = models.BinaryField(default=b"", editable=False)
    search_text = models.TextField(blank=True, editable=False)
    sales = models.BigIntegerField(
        default=0, editable=False, help_text="Net copies sold; kept by the services."
    )
    earnings_whole = models.BigIntegerField(default=0, editable=False)
    earnings_rest = models.BigIntegerField(default=0, editable=False, help_text="In 10^-9 units.")

    class Meta:
        indexes = (
            models.Index(fields=("status", "-created_local", "-id"), name="product_list_idx"),
            models.Index(fields=("slug_folded",), name="product_slug_idx"),
            models.Index(fields=("status", "modified_at", "id"), name="product_modified_idx"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def earnings(self) -> Decimal:
        """Net of tax, in shop currency, kept by the services as a sum in two parts, which can't overflow."""
        return join_sum(self.earnings_whole, self.earnings_rest)


class PriceOption(SourcedModel):
    """One of a product's prices. `amount_text` is the amount as the shop wrote it, which the API repeats."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="price_options", db_index=False)
    price_id = models.BigIntegerField()
    position = models.IntegerField(default=0)
    name = models.TextField(blank=True)
    amount = MoneyField(default=Decimal(0))
    amount_text = models.TextField(blank=True)
    extra = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("product", "price_id"), name="price_option_once"),)
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name


class ProductFile(SourcedModel):
    """A file that buyers get. `condition` is `all` or the price id it belongs to; members that the shop
    never had are null."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="files", db_index=False)
    position = models.IntegerField()
    file_id = models.BigIntegerField(default=0)
    index = models.TextField(null=True, blank=True)
    attachment_id = models.TextField(null=True, blank=True)
    thumbnail_size = models.TextField(null=True, blank=True)
    name = models.TextField(null=True, blank=True)
    file = models.TextField(null=True, blank=True)
    condition = models.TextField(null=True, blank=True)
    extra = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("product", "position"), name="product_file_once"),)
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name or self.file or ""


class BundleItem(SourcedModel):
    """A product inside a bundle, all its prices or one."""

    bundle = models.ForeignKey(Product, models.CASCADE, related_name="bundle_items", db_index=False)
    position = models.IntegerField()
    product = models.ForeignKey(
        Product, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False
    )
    price_id = models.BigIntegerField(null=True, blank=True)
    condition = models.TextField(blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("bundle", "position"), name="bundle_item_once"),)
        ordering = ("position",)

    def __str__(self) -> str:
        return f"{self.bundle_id}: {self.product_id}"


class Term(SourcedModel):
    """A category (they form a tree) or a tag. The key is WordPress' term_taxonomy_id; the wire shows both
    ids."""

    term_id = models.BigIntegerField()
    taxonomy = models.CharField(max_length=32, choices=Taxonomy.choices)
    name = models.CharField(max_length=200)
    slug = models.CharField(max_length=200)
    slug_folded = models.CharField(max_length=600, editable=False)
    name_key = models.BinaryField(default=b"", editable=False)
    description = models.TextField(blank=True)
    term_group = models.BigIntegerField(default=0)
    parent_id = models.BigIntegerField(default=0, help_text="The parent's term_id, 0 at the top.")
    count = models.BigIntegerField(
        default=0, help_text="Published products that have it; kept by the services."
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("taxonomy", "term_id"), name="term_once"),
            models.UniqueConstraint(fields=("taxonomy", "slug_folded"), name="term_slug_once"),
        )

    def __str__(self) -> str:
        return self.name


class ProductTerm(SourcedModel):
    product = models.ForeignKey(Product, models.CASCADE, related_name="product_terms", db_index=False)
    term = models.ForeignKey(Term, models.CASCADE, related_name="product_terms")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("product", "term"), name="product_term_once"),)

    def __str__(self) -> str:
        return f"{self.product_id}: {self.term_id}"
