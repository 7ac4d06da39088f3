"""Dumps that can't be taken over: one sentence each, and the shop is exactly as it was."""

import fcntl
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.intake.wordpress.sites import Site, join
from tests.intake.wordpress.taking import read_everything, take
from tests.intake.wordpress.test_import import make_shop
from tests.shops import setup_key, setup_product
from tillroll.intake.wordpress.importer import ImportRefused, import_dump
from tillroll.shop.models import Order

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

Make = Callable[[], str | bytes]
UNMIGRATED = (
    "FILE is of a shop whose orders are still those of Easy Digital Downloads 2:"
    " update the plugin to version 3 and let its upgrade take over the orders first."
)


def changed_shop() -> Site:
    """The shop with changes that must not come through."""
    site = make_shop()
    site.add_order(8)
    site.add_product(12)
    site.rows["edd_customers"][0]["email"] = "new@x.example"
    site.set_options(blogname="New name")
    return site


def without(*tables: str) -> str:
    site = changed_shop()
    return site.get_sql(name for name in sorted(site.rows) if name not in tables)


def cut_within_a_row() -> str:
    sql = join(changed_shop())
    return sql[: sql.index("CREATE TABLE `wp_users`") + 300]


def cut_before_the_end() -> str:
    sql = join(changed_shop())
    return sql[: sql.index("CREATE TABLE `wp_users`")]


def cut_gzip() -> bytes:
    return gzip.compress(join(changed_shop()).encode())[:-40]


def with_options(**options: str | None) -> str:
    site = changed_shop()
    site.set_options(**options)
    return join(site)


def unmigrated() -> str:
    site = changed_shop()
    site.rows["edd_orders"] = []
    site.set_options(edd_version="2.11.7")
    site.add("posts", ID=70, post_type="edd_payment")
    return join(site)


def several() -> str:
    return join(changed_shop(), Site("wp_2_", home="https://two.example", users="wp_"), Site("old_"))


def without_a_key_column() -> str:
    other = "CREATE TABLE `wp_edd_orders` (`no` int);\nINSERT INTO `wp_edd_orders` VALUES (1);\n"
    return without("edd_orders") + other


BROKEN: list[tuple[str, Make, str]] = [
    ("no file at all", lambda: "", "FILE holds no SQL statements: it is empty."),
    ("no SQL", lambda: "id,name\n1,x\n", "FILE holds no SQL statements: it begins with 'id,name'."),
    ("cut within a row", cut_within_a_row, "FILE breaks off"),
    ("cut before the end", cut_before_the_end, "FILE breaks off"),
    ("cut gzip", cut_gzip, "FILE breaks off: its gzip stream ends early"),
    (
        "no WordPress",
        lambda: "CREATE TABLE `t` (`a` int);\n",
        "FILE holds no WordPress: no tables named like wp_options and wp_posts."
        " The shop's whole database is wanted.",
    ),
    (
        "no EDD",
        lambda: without(*(name for name in Site().rows if name.startswith("edd_"))),
        "FILE holds a WordPress without Easy Digital Downloads: no table wp_edd_orders.",
    ),
    ("EDD 2", lambda: without("edd_orders", "edd_order_items"), UNMIGRATED),
    ("a migration not begun", unmigrated, UNMIGRATED),
    ("a migration not ended", lambda: with_options(edd_v3_migration_pending="712"), UNMIGRATED),
    (
        "several shops",
        several,
        "FILE holds several shops, old_, wp_, wp_2_: choose one with --prefix, as in --prefix old_.",
    ),
    (
        "no users",
        lambda: without("users"),
        "FILE holds no users and no API keys: the tables wp_users and wp_usermeta are missing."
        " The shop's whole database is wanted.",
    ),
    (
        "not the whole shop",
        lambda: without("edd_order_items", "postmeta"),
        "FILE is not the whole shop: wp_postmeta, wp_edd_order_items missing."
        " Dump the shop's whole database.",
    ),
    (
        "no address",
        lambda: with_options(home=None, siteurl=None),
        "FILE does not say where the shop is: wp_options has no home.",
    ),
    ("no ids", without_a_key_column, "The table wp_edd_orders has no column id."),
]


@pytest.mark.parametrize(("make", "sentence"), [pytest.param(m, s, id=name) for name, m, s in BROKEN])
def test_a_dump_that_can_not_be_taken_over_changes_nothing(
    tmp_path: Path, home: Path, make: Make, sentence: str
) -> None:
    take(make_shop())
    setup_key()
    before = read_everything()
    path = tmp_path / "dump.sql"
    made = make()
    path.write_bytes(made if isinstance(made, bytes) else made.encode())
    with pytest.raises(ImportRefused) as refused:
        import_dump(path)
    said = str(refused.value).replace(str(path), "FILE")
    assert said.startswith(sentence)
    assert "\n" not in said
    assert said.endswith(".")
    assert read_everything() == before
    assert not (home / "import").exists()


def test_a_refused_dump_leaves_an_empty_shop_empty() -> None:
    before = read_everything()
    with pytest.raises(ImportRefused):
        take(cut_before_the_end())
    assert read_everything() == before


def test_the_message_of_a_dump_that_breaks_off_says_where(tmp_path: Path) -> None:
    sql = cut_within_a_row()
    path = tmp_path / "dump.sql"
    path.write_text(sql)
    with pytest.raises(ImportRefused) as refused:
        import_dump(path)
    line = sql.count("\n") + 1
    assert f"in line {line:,} (byte {len(sql.encode()):,} of the SQL text)" in str(refused.value)


def test_a_shop_that_was_emptied_is_no_unmigrated_one() -> None:
    site = changed_shop()
    site.rows["edd_orders"] = []
    site.add("posts", ID=70, post_type="edd_payment")  # EDD keeps them until its owner takes them away
    take(site)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("prefix", "sentence"),
    [
        ("wp", "FILE holds no WordPress with the prefix wp; there is: old_, wp_, wp_2_."),
        ("wp_3_", "FILE holds no WordPress with the prefix wp_3_; there is: old_, wp_, wp_2_."),
    ],
)
def test_a_prefix_that_is_not_there_is_refused(tmp_path: Path, prefix: str, sentence: str) -> None:
    path = tmp_path / "dump.sql"
    path.write_text(several())
    with pytest.raises(ImportRefused) as refused:
        import_dump(path, prefix=prefix)
    assert str(refused.value).replace(str(path), "FILE") == sentence


@pytest.mark.parametrize("prefix", ["wp_", "wp_2_", "old_"])
def test_a_prefix_chooses_one_of_several_shops(prefix: str) -> None:
    summary = take(several(), prefix=prefix)
    assert summary.prefix == prefix
    assert summary.url == ("https://two.example" if prefix == "wp_2_" else "https://shop.example")
    assert summary.records["orders"].total == (4 if prefix == "wp_" else 0)


def test_a_wordpress_beside_the_shop_needs_no_prefix() -> None:
    blog = Site("aa_", home="https://blog.example")
    blog.rows = {name: rows for name, rows in blog.rows.items() if not name.startswith("edd_")}
    assert take(join(blog, changed_shop())).prefix == "wp_"


@pytest.mark.parametrize("prefix", ["wp_", "x7_", "Shop", "a_edd_", "wp_2_"])
def test_any_prefix_is_found_by_itself(prefix: str) -> None:
    site = Site(prefix)
    site.add_order(5)
    site.add_user(1, "owner", {f"{prefix}capabilities": 'a:1:{s:13:"administrator";b:1;}'})
    summary = take(site)
    assert summary.prefix == prefix
    assert summary.records["orders"].total == summary.records["user roles"].total == 1


def test_a_backup_of_one_table_does_not_mislead(tmp_path: Path) -> None:
    sql = "CREATE TABLE `bak_edd_orders` (`id` int);\nINSERT INTO `bak_edd_orders` VALUES (1);\n"
    summary = take(sql + changed_shop().get_sql())
    assert summary.prefix == "wp_"
    assert summary.records["orders"].total == 4


def test_one_import_runs_at_a_time(home: Path) -> None:
    with (home / "import.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ImportRefused, match="Another import is running;"):
            take(make_shop())
    assert take(make_shop()).records["orders"].added == 3


def test_a_clash_with_a_record_made_here_is_refused() -> None:
    product = setup_product()
    site = Site()
    site.add_product(product.pk)
    before = read_everything()
    with pytest.raises(ImportRefused, match=f"The product {product.pk} is here already"):
        take(site)
    assert read_everything() == before


def test_settings_that_the_shop_can_not_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tillroll.intake.wordpress.options._get_offset_name", lambda _: "noon")
    site = make_shop()
    site.set_options(timezone_string="", gmt_offset="2")
    with pytest.raises(ImportRefused, match="settings can't be taken over: 'noon' is not a"):
        take(site)
    assert not Order.objects.exists()
