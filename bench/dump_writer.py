"""Writes the dump of a made-up WordPress shop of any size, as mysqldump writes it: about ten rows an order.

Rows are made as they are written, so that a dump of gigabytes needs no memory. The same seed, the same dump.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import NamedTuple

Value = int | str | None

PRODUCTS = 60
LONGEST_INSERT = 1 << 20
"""mysqldump's net_buffer_length: an INSERT is ended when it is this long."""

_BEGAN = datetime(2019, 1, 1, tzinfo=UTC)
_HEADER = """/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
"""
_FOOTER = "/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;\n"
_ROLES = (
    'a:1:{s:13:"administrator";a:2:{s:4:"name";s:13:"Administrator";s:12:"capabilities";'
    'a:1:{s:17:"view_shop_reports";b:1;}}}'
)


class Table(NamedTuple):
    name: str
    columns: str
    rows: Callable[["Shop"], Iterable[tuple[Value, ...]]]


class Shop:
    """What the tables agree on: who bought what, when, for how much."""

    def __init__(self, orders: int, seed: int) -> None:
        self.orders = orders
        self.customers = max(1, orders // 3)
        self.users = max(1, orders // 10)
        self._seed = seed

    def draw(self, what: str, number: int) -> random.Random:
        """Chances of its own for each record, so that any table can be written without the others."""
        return random.Random(f"{self._seed} {what} {number}")

    def get_items(self, order: int) -> list[tuple[int, int]]:
        """Product and price in cents of each line."""
        chance = self.draw("items", order)
        products = [chance.randint(1, PRODUCTS) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        return [(product, 900 + product * 137) for product in products]

    def get_time(self, order: int) -> str:
        moment = _BEGAN + timedelta(seconds=order * 200_000_000 // self.orders)
        return f"{moment:%Y-%m-%d %H:%M:%S}"


def write_dump(path: Path, orders: int, seed: int = 1) -> dict[str, int]:
    """Writes the dump; gives how many rows each table has."""
    shop = Shop(orders, seed)
    counts = {}
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEADER)
        for table in TABLES:
            counts[table.name] = _write_table(file.write, table, shop)
        file.write(_FOOTER)
    return counts


def _write_table(write: Callable[[str], object], table: Table, shop: Shop) -> int:
    columns = ",\n".join(f"  `{name}` longtext DEFAULT NULL" for name in table.columns.split())
    write(f"DROP TABLE IF EXISTS `{table.name}`;\nCREATE TABLE `{table.name}` (\n{columns}\n);\n")
    write(f"LOCK TABLES `{table.name}` WRITE;\n")
    count, length = 0, 0
    for row in table.rows(shop):
        text = f"({','.join(map(_quote, row))})"
        if length and length + len(text) < LONGEST_INSERT:
            write(",")
        else:
            write(f"{';' if length else ''}\nINSERT INTO `{table.name}` VALUES ")
            length = 0
        write(text)
        length += len(text) + 1
        count += 1
    write(f"{';' if count else ''}\nUNLOCK TABLES;\n")
    return count


def _quote(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if "'" in value or "\\" in value or "\n" in value:
        value = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{value}'"


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}0000000"


def _hash(*what: object) -> str:
    return md5(repr(what).encode(), usedforsecurity=False).hexdigest()


def _email(customer: int) -> str:
    return f"buyer{customer}@Customers{customer % 97}.example"


def _orders(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for order in range(1, shop.orders + 1):
        total = sum(cents for _, cents in shop.get_items(order))
        customer = order % shop.customers + 1
        at = shop.get_time(order)
        euro = order % 11 == 0
        status = "complete" if order % 9 else "pending"
        yield (
            order, 0, "", status, "sale", customer if customer <= shop.users else 0, customer,
            _email(customer), f"10.{order % 200}.{order % 250}.7", "stripe", "live",
            "EUR" if euro else "USD", _hash("key", order), None if order % 4 else 1, _amount(total),
            _amount(0), _amount(0), _amount(total),
            "0.92000" if euro else "1.00000", at, at, at if order % 9 else None, None, None,
            f"urn:uuid:{_hash('order', order)}",
        )  # fmt: skip


def _items(shop: Shop) -> Iterator[tuple[Value, ...]]:
    number = 0
    for order in range(1, shop.orders + 1):
        at = shop.get_time(order)
        status = "complete" if order % 9 else "pending"
        rate = "1.00000" if order % 11 else "0.92000"
        for place, (product, cents) in enumerate(shop.get_items(order)):
            number += 1
            yield (
                number, 0, order, product, f"Product {product}: it's \"the\" one", None, place, "download",
                status, 1, _amount(cents), _amount(cents), _amount(0), _amount(0), _amount(cents), rate, at,
                at, f"urn:uuid:{_hash('item', number)}",
            )  # fmt: skip


def _adjustments(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for order in range(1, shop.orders + 1):
        if order % 2:
            continue
        at = shop.get_time(order)
        what = (2, "discount", None, "TENOFF") if order % 4 else (None, "fee", "gift_wrap", "Gift wrap")
        yield (
            order // 2, 0, order, "order" if order % 8 else "order_item", *what, "0.000000000", "0.000000000",
            "0.000000000", "1.00000", at, at, f"urn:uuid:{_hash('adjustment', order)}",
        )  # fmt: skip


def _order_addresses(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for order in range(1, shop.orders + 1):
        at = shop.get_time(order)
        yield (
            order, order, "billing", f"Buyer {order % shop.customers}", f"{order % 900} Rue de l'Église", "",
            "Köln", "NW", str(10_000 + order % 80_000), "DE", at, at, f"urn:uuid:{_hash('address', order)}",
        )  # fmt: skip


def _transactions(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for order in range(1, shop.orders + 1):
        at = shop.get_time(order)
        total = sum(cents for _, cents in shop.get_items(order))
        yield (
            order, order, "order", f"pi_{_hash('transaction', order)}", "stripe", "complete", _amount(total),
            "1.00000", at, at, f"urn:uuid:{_hash('pi', order)}",
        )  # fmt: skip


def _notes(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for order in range(1, shop.orders + 1):
        at = shop.get_time(order)
        text = "Status changed from Pending to Completed\nby the gateway"
        yield (order, order, "order", 0, text, at, at, f"urn:uuid:{_hash('note', order)}")


def _order_meta(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for order in range(1, shop.orders + 1):
        if order % 2 == 0:
            yield (
                order,
                order,
                "tax_rate" if order % 10 == 0 else "payment_meta",
                "20" if order % 10 == 0 else "a:0:{}",
            )


def _downloads(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for order in range(1, shop.orders + 1):
        at = shop.get_time(order)
        product, _ = shop.get_items(order)[0]
        yield (
            order, product, 1, order, 0, order % shop.customers + 1, f"10.{order % 200}.1.1",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0 Safari/537.36", at, at, "",
        )  # fmt: skip


def _download_meta(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for order in range(1, shop.orders + 1):
        yield (order, order, "file_name", f"product-{order % PRODUCTS}.zip")


def _customers(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for customer in range(1, shop.customers + 1):
        at = shop.get_time(customer)
        user = customer if customer <= shop.users else 0
        yield (
            customer, user, _email(customer), f"Zoë Buyer {customer}", "active", "20.000000000", 1, at, at,
            f"urn:uuid:{_hash('customer', customer)}",
        )  # fmt: skip


def _emails(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for customer in range(1, shop.customers + 1):
        at = shop.get_time(customer)
        yield (customer, customer, "primary", "active", _email(customer), at, at, "")


def _users(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for user in range(1, shop.users + 1):
        at = shop.get_time(user)
        yield (
            user, f"user{user}", "$P$B0123456789012345678901234567", f"user{user}", _email(user), "", at, "",
            0, f"User {user}",
        )  # fmt: skip


def _user_meta(shop: Shop) -> Iterator[tuple[Value, ...]]:
    number = 0
    for user in range(1, shop.users + 1):
        metas: list[tuple[str, str]] = [
            ("nickname", f"user{user}"), ("first_name", "Zoë"), ("last_name", f"Number {user}"),
            ("description", ""), ("rich_editing", "true"), ("admin_color", "fresh"), ("locale", ""),
            ("show_admin_bar_front", "true"),
            ("wp_capabilities", 'a:1:{s:10:"subscriber";b:1;}'), ("wp_user_level", "0"),
            ("session_tokens", f'a:1:{{s:64:"{_hash(user)}{_hash(user)}";a:1:{{s:2:"ip";s:8:"10.0.0.1";}}}}'),
        ]  # fmt: skip
        if user % 100 == 0:
            metas += [
                (_hash("public", user), "edd_user_public_key"),
                (_hash("secret", user), "edd_user_secret_key"),
            ]
        for name, value in metas:
            number += 1
            yield number, user, name, value


def _posts(shop: Shop) -> Iterator[tuple[Value, ...]]:
    for post in range(1, max(PRODUCTS, shop.orders // 20) + 1):
        at = shop.get_time(post)
        is_product = post <= PRODUCTS
        yield (
            post, 1, at, at, "Words of a post.\n" * 40, f"Product {post}: it's \"the\" one", "", "publish",
            "closed", "closed", "", f"product-{post}", "", "", at, at, "", 0, f"https://big.example/?p={post}",
            0,
            "download" if is_product else "post", "", 0,
        )  # fmt: skip


def _post_meta(shop: Shop) -> Iterator[tuple[Value, ...]]:
    number = 0
    for post in range(1, max(PRODUCTS, shop.orders // 20) + 1):
        metas = [("_edit_lock", "1700000000:1"), ("_edit_last", "1"), ("_wp_page_template", "default")]
        if post <= PRODUCTS:
            metas += [
                ("edd_price", f"{9 + post}.37"),
                ("edd_sku", f"SKU-{post}"),
                ("_edd_download_sales", "1"),
            ]
        for name, value in metas:
            number += 1
            yield number, post, name, value


def _options(_shop: Shop) -> Iterator[tuple[Value, ...]]:
    options = {
        "home": "https://big.example", "siteurl": "https://big.example", "blogname": "Big shop",
        "edd_settings": "a:0:{}", "edd_version": "3.6.5", "timezone_string": "Europe/Paris",
        "permalink_structure": "/%postname%/", "wp_user_roles": _ROLES,
    }  # fmt: skip
    for number, (name, value) in enumerate(options.items(), 1):
        yield number, name, value, "yes"


def _none(_shop: Shop) -> Iterator[tuple[Value, ...]]:
    return iter(())


_DATES = "date_created date_modified uuid"
_AMOUNTS = "amount subtotal discount tax total rate"
_PLACE = "name address address2 city region postal_code country"

TABLES = (
    Table("wp_edd_adjustmentmeta", "meta_id edd_adjustment_id meta_key meta_value", _none),
    Table("wp_edd_adjustments", "id code type", _none),
    Table("wp_edd_customer_addresses", f"id customer_id is_primary type status {_PLACE} {_DATES}", _none),
    Table("wp_edd_customer_email_addresses", f"id customer_id type status email {_DATES}", _emails),
    Table(
        "wp_edd_customers",
        f"id user_id email name status purchase_value purchase_count {_DATES}",
        _customers,
    ),
    Table(
        "wp_edd_logs_file_downloadmeta",
        "meta_id edd_logs_file_download_id meta_key meta_value",
        _download_meta,
    ),
    Table(
        "wp_edd_logs_file_downloads",
        f"id product_id file_id order_id price_id customer_id ip user_agent {_DATES}",
        _downloads,
    ),
    Table("wp_edd_notes", f"id object_id object_type user_id content {_DATES}", _notes),
    Table("wp_edd_order_addresses", f"id order_id type {_PLACE} {_DATES}", _order_addresses),
    Table(
        "wp_edd_order_adjustments",
        "id parent object_id object_type type_id type type_key description subtotal tax total rate " + _DATES,
        _adjustments,
    ),
    Table(
        "wp_edd_order_items",
        "id parent order_id product_id product_name price_id cart_index type status quantity"
        f" {_AMOUNTS} {_DATES}",
        _items,
    ),
    Table(
        "wp_edd_order_transactions",
        f"id object_id object_type transaction_id gateway status total rate {_DATES}",
        _transactions,
    ),
    Table("wp_edd_ordermeta", "meta_id edd_order_id meta_key meta_value", _order_meta),
    Table(
        "wp_edd_orders",
        "id parent order_number status type user_id customer_id email ip gateway mode currency payment_key"
        " tax_rate_id subtotal discount tax total rate date_created date_modified date_completed"
        " date_refundable date_actions_run uuid",
        _orders,
    ),
    Table("wp_options", "option_id option_name option_value autoload", _options),
    Table("wp_postmeta", "meta_id post_id meta_key meta_value", _post_meta),
    Table(
        "wp_posts",
        "ID post_author post_date post_date_gmt post_content post_title post_excerpt post_status"
        " comment_status ping_status post_password post_name to_ping pinged post_modified post_modified_gmt"
        " post_content_filtered post_parent guid menu_order post_type post_mime_type comment_count",
        _posts,
    ),
    Table("wp_term_relationships", "object_id term_taxonomy_id term_order", _none),
    Table("wp_term_taxonomy", "term_taxonomy_id term_id taxonomy description parent count", _none),
    Table("wp_terms", "term_id name slug term_group", _none),
    Table("wp_usermeta", "umeta_id user_id meta_key meta_value", _user_meta),
    Table(
        "wp_users",
        "ID user_login user_pass user_nicename user_email user_url user_registered user_activation_key"
        " user_status display_name",
        _users,
    ),
)
"""In mysqldump's order, which is that of the names."""
