"""Where a WordPress site shows a product and keeps an upload, by its options ([3.6] 3.1, 7.1)."""

from tillroll.intake.wordpress.options import ShopOptions

_FOLDER = "downloads"
"""EDD's name for its products in an address; a site changes it in its code, which a dump does not hold."""

_UPLOADS = "wp-content/uploads"


def get_permalink(options: ShopOptions, product: int, slug: str, status: str) -> str:
    """The address of a product's page: a lasting plain one for what is not published."""
    if status != "publish":
        return f"{options.home}/?post_type=download&p={product}"
    if not options.permalinks:
        return f"{options.home}/?download={slug}"
    root = "index.php/" if options.permalinks.startswith("/index.php") else ""
    return f"{options.home}/{root}{_FOLDER}/{slug}{'/' if options.permalinks.endswith('/') else ''}"


def get_upload_url(options: ShopOptions, file: str) -> str:
    """The address of an uploaded file, told by its place in the folder of uploads or on the disk."""
    _, mark, below = file.partition(f"{_UPLOADS}/")
    return f"{options.uploads}/{below if mark else file.lstrip('/')}"
