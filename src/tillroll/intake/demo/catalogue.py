"""What the demo shop sells: plugins, themes, e-books and graphics, with every form that a product can
take."""

from collections.abc import Iterator
from typing import NamedTuple


class Price(NamedTuple):
    """A price option, in cents; `extra` are members that an extension would add."""

    id: int
    name: str
    cents: int
    extra: str = "{}"


class File(NamedTuple):
    """A file that buyers get with every price ("all") or with one."""

    name: str
    path: str
    condition: str = "all"


class Ware(NamedTuple):
    """A product; `weight` is how often it is bought, next to others, and `age` how many days it has been on
    sale."""

    id: int
    title: str
    slug: str
    text: str
    cents: int
    weight: int
    categories: tuple[str, ...]
    tags: tuple[str, ...] = ()
    prices: tuple[Price, ...] = ()
    default_price: int | None = None
    files: tuple[File, ...] = ()
    bundle: tuple[str, ...] = ()
    sku: str = ""
    notes: str = ""
    status: str = "publish"
    age: int = 1200
    limit: int | None = None

    @property
    def is_sold(self) -> bool:
        return self.status == "publish"


class Label(NamedTuple):
    """A category or tag."""

    id: int
    taxonomy: str
    name: str
    slug: str
    parent: str = ""
    description: str = ""


LABELS = (
    Label(1, "download_category", "Plugins", "plugins", "", "Small tools that do one thing."),
    Label(2, "download_category", "Commerce", "commerce", "plugins"),
    Label(3, "download_category", "Maintenance", "maintenance", "plugins"),
    Label(4, "download_category", "Themes", "themes"),
    Label(5, "download_category", "Shop themes", "shop-themes", "themes"),
    Label(6, "download_category", "Books &amp; courses", "books-courses"),
    Label(7, "download_category", "Graphics", "graphics"),
    Label(8, "download_category", "Bundles", "bundles"),
    Label(9, "download_tag", "bestseller", "bestseller"),
    Label(10, "download_tag", "pdf", "pdf"),
    Label(11, "download_tag", "free", "free"),
    Label(12, "download_tag", "for agencies", "for-agencies"),
    Label(13, "download_tag", "new", "new"),
)


def _licences(one: int, five: int, many: int) -> tuple[Price, ...]:
    return (
        Price(1, "One site", one, '{"license_limit": "1"}'),
        Price(2, "Five sites", five, '{"license_limit": "5"}'),
        Price(4, "Unlimited", many, '{"license_limit": "0"}'),
    )


WARES = (
    Ware(
        1,
        "Inkwell Forms",
        "inkwell-forms",
        "Forms that people finish: short, quick and accessible.",
        4900,
        17,
        ("plugins", "commerce"),
        ("bestseller", "for-agencies"),
        _licences(4900, 9900, 19900),
        2,
        (
            File("Inkwell Forms 4.2", "plugins/inkwell-forms-4.2.zip"),
            File("Manual", "plugins/inkwell-manual.pdf"),
        ),
        sku="PL-INK",
        notes="Unpack the archive, then enter the licence in Settings.",
    ),
    Ware(
        2,
        "Lantern Backup",
        "lantern-backup",
        "Nightly backups, and a restore that has been tried.",
        3900,
        12,
        ("maintenance",),
        ("bestseller",),
        files=(File("Lantern Backup 2.8", "plugins/lantern-backup-2.8.zip"),),
        sku="PL-LAN",
        limit=10,
    ),
    Ware(
        3,
        "Redirect Ranger",
        "redirect-ranger",
        "Finds dead links and sends visitors to the right page.",
        1550,
        9,
        ("maintenance",),
        files=(File("Redirect Ranger 1.6", "plugins/redirect-ranger-1.6.zip"),),
        sku="PL-RED",
    ),
    Ware(
        4,
        "Checkout Fields",
        "checkout-fields",
        "Ask for what you need at the checkout, and for nothing else.",
        2900,
        11,
        ("commerce",),
        ("for-agencies",),
        _licences(2900, 5900, 12900),
        1,
        (
            File("Checkout Fields 3.1", "plugins/checkout-fields-3.1.zip"),
            File("Source with build tools", "plugins/checkout-fields-3.1-source.zip", "4"),
        ),
        sku="PL-CHK",
    ),
    Ware(
        5,
        "Slate",
        "slate",
        "A quiet theme for long texts.",
        5900,
        8,
        ("themes",),
        files=(
            File("Slate 5.0", "themes/slate-5.0.zip"),
            File("Slate child theme", "themes/slate-child.zip"),
        ),
        sku="TH-SLA",
    ),
    Ware(
        6,
        "Harbor — a shop theme",
        "harbor",
        "Product pages, cart and account in one calm design.",
        6900,
        10,
        ("themes", "shop-themes"),
        ("bestseller",),
        (Price(1, "Personal", 6900), Price(2, "Agency", 14900)),
        1,
        (File("Harbor 2.3", "themes/harbor-2.3.zip"), File("Design files", "themes/harbor-design.fig", "2")),
        sku="TH-HAR",
    ),
    Ware(
        7,
        "Starter Type",
        "starter-type",
        "Three type scales to begin with, free.",
        0,
        9,
        ("themes",),
        ("free",),
        files=(File("Starter Type", "themes/starter-type.zip"),),
        sku="TH-TYP",
    ),
    Ware(
        8,
        "The Small Shop Handbook",
        "small-shop-handbook",
        "How to price, sell and support digital goods on your own.",
        2400,
        12,
        ("books-courses",),
        ("bestseller", "pdf"),
        (Price(0, "PDF", 2400), Price(1, "PDF + EPUB", 2900), Price(2, "Everything, with videos", 7900)),
        0,
        (
            File("Handbook (PDF)", "books/handbook.pdf"),
            File("Handbook (EPUB)", "books/handbook.epub", "1"),
            File("Handbook (EPUB) and videos", "books/handbook-videos.zip", "2"),
        ),
        sku="BK-SSH",
        notes="Reading on a phone? Take the EPUB.",
    ),
    Ware(
        9,
        "E-mail That Sells",
        "email-that-sells",
        "Forty letters, taken apart.",
        1999,
        7,
        ("books-courses",),
        ("pdf",),
        files=(File("E-mail That Sells", "books/email-that-sells.pdf"),),
        sku="BK-EML",
    ),
    Ware(
        10,
        "Café Icons",
        "cafe-icons",
        "240 icons as SVG and font.",
        1200,
        8,
        ("graphics",),
        files=(File("SVG", "graphics/cafe-icons-svg.zip"), File("Font", "graphics/cafe-icons-font.zip")),
        sku="GR-CAF",
    ),
    Ware(
        11,
        "Paper Textures",
        "paper-textures",
        "Thirty scanned papers, 6000 pixels wide.",
        950,
        5,
        ("graphics",),
        files=(File("Paper Textures", "graphics/paper-textures.zip"),),
        sku="GR-PAP",
        age=700,
    ),
    Ware(
        12,
        "Site Builder's Bundle",
        "site-builders-bundle",
        "Inkwell Forms, Lantern Backup, Slate and Café Icons.",
        11900,
        6,
        ("bundles",),
        ("for-agencies",),
        bundle=("1_2", "2", "5", "10"),
        sku="BU-SITE",
        age=900,
    ),
    Ware(
        13,
        "Reader's Bundle",
        "readers-bundle",
        "Both books at the price of one and a half.",
        3400,
        4,
        ("bundles", "books-courses"),
        ("pdf",),
        bundle=("8_1", "9"),
        sku="BU-READ",
        age=500,
    ),
    Ware(
        14,
        "An Hour of Support",
        "hour-of-support",
        "One hour with the people who wrote it.",
        8000,
        3,
        ("plugins",),
        sku="SV-HOUR",
        notes="We write to you within a working day.",
        age=800,
    ),
    Ware(
        15,
        "Booking Calendar",
        "booking-calendar",
        "Appointments without double bookings.",
        4500,
        5,
        ("plugins",),
        ("new",),
        _licences(4500, 8900, 17900),
        1,
        (File("Booking Calendar 1.0", "plugins/booking-calendar-1.0.zip"),),
        sku="PL-BOO",
        age=120,
    ),
    Ware(
        16,
        "Pocket Analytics",
        "pocket-analytics",
        "Numbers that fit on one page.",
        3500,
        0,
        ("plugins",),
        ("new",),
        files=(File("Pocket Analytics, preview", "plugins/pocket-analytics-0.3.zip"),),
        sku="PL-POC",
        status="draft",
        age=20,
    ),
    Ware(
        17,
        "Gallery Classic",
        "gallery-classic",
        "No longer on sale; still supported.",
        2500,
        0,
        ("plugins",),
        files=(File("Gallery Classic 1.9", "plugins/gallery-classic-1.9.zip"),),
        sku="PL-GAL",
        status="private",
    ),
)
"""Products by id from 1 up. Ids of prices have gaps, as in shops that took an option away."""

BY_ID = {ware.id: ware for ware in WARES}


def list_files(ware: Ware, price_id: int | None) -> Iterator[tuple[int, int, File]]:
    """(product id, file id, file) of what a buyer of a product may fetch; a bundle's are those of what is in
    it."""
    for ref in ware.bundle:
        product, _, price = ref.partition("_")
        yield from list_files(BY_ID[int(product)], int(price) if price else None)
    for number, file in enumerate(ware.files):
        if file.condition == "all" or (price_id is not None and file.condition == str(price_id)):
            yield ware.id, number, file
