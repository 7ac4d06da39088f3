"""A day in a WordPress shop with EDD: what happens in it by chance, written by SQL as the plugin writes it.

Some of it leaves no trace in a date: metadata, rows of an order, deletions, and an owner's own SQL.
"""

# ruff: noqa: S608 (the statements are made of this file's own constants)

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.mariadb import Shop

STATUSES = ("pending", "processing", "complete", "revoked", "failed", "abandoned", "on_hold", "trash")


class Day:
    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.draw = random.Random(seed)
        self.happenings: list[Callable[[], object]] = [
            self.sell,
            self.sell,
            self.sell,
            self.sell_late,
            self.change_status,
            self.change_status,
            self.change_item,
            self.change_item_silently,
            self.change_order_silently,
            self.refund,
            self.refund_partly,
            self.delete_order,
            self.delete_item,
            self.trash,
            self.add_fee,
            self.drop_fee,
            self.note,
            self.set_tax_meta,
            self.pay,
            self.change_address,
            self.move_order,
            self.change_product,
            self.change_price_silently,
            self.add_product,
            self.delete_product,
            self.tag,
            self.rename_term,
            self.add_discount,
            self.use_discount,
            self.delete_discount,
            self.require_product,
            self.register,
            self.rename_user,
            self.change_role,
            self.make_key,
            self.renew_key,
            self.revoke_key,
            self.delete_user,
            self.rename_customer,
            self.swap_emails,
            self.add_email,
            self.delete_customer,
            self.download,
            self.name_download,
            self.delete_download,
            self.change_options,
            self.change_zone,
            self.change_rights,
            self.change_tax_rate,
            self.stray,
            self.adopt_stray,
        ]

    def go_on(self, happenings: int) -> None:
        for _ in range(happenings):
            self.draw.choice(self.happenings)()

    # what the happenings share

    def now(self, *, back: int = 0) -> str:
        return f"{datetime.now(UTC) - timedelta(seconds=back):%Y-%m-%d %H:%M:%S}"

    def amount(self) -> str:
        return f"{self.draw.randint(0, 20_000) / 100:.2f}"

    def word(self) -> str:
        return "".join(self.draw.choices("abcdefgh", k=8))

    def uuid(self) -> str:
        return self.draw.choice(("", f"urn:uuid:{self.draw.getrandbits(128):032x}"))

    def pick_id(self, table: str, where: str = "TRUE", key: str = "id") -> int:
        row = self.shop.pick(self.draw, f"SELECT {key} FROM wp_{table} WHERE {where} ORDER BY {key}")
        return int(row[0]) if row else 0

    # orders

    def sell(self, *, late: int = 0) -> None:
        created, now = self.now(back=late), self.now()
        customer = self.pick_id("edd_customers")
        if self.draw.random() < 0.4:
            email = f"{self.word()}@{self.draw.choice(('Example.com', 'shop.example'))}"
            customer = self.shop.insert(
                "edd_customers",
                email=email,
                name=self.word(),
                status="active",
                date_created=now,
                date_modified=now,
                uuid=self.uuid(),
                purchase_value=0,
                purchase_count=0,
                user_id=self.draw.choice((0, 0, self.pick_id("users", key="ID"))),
            )
            self.shop.insert(
                "edd_customer_email_addresses",
                customer_id=customer,
                type="primary",
                status="active",
                email=email,
                date_created=now,
                date_modified=now,
            )
        status = self.draw.choice(STATUSES[:3])
        order = self.shop.insert(
            "edd_orders",
            status=status,
            type="sale",
            customer_id=customer,
            email=f"{self.word()}@Buy.example",
            gateway="stripe",
            mode="live",
            currency=self.draw.choice(("USD", "EUR")),
            payment_key=self.word() * 4,
            subtotal=self.amount(),
            tax=self.amount(),
            total=self.amount(),
            date_created=created,
            rate=self.draw.choice(("1.00000", "0.92000")),
            date_modified=now,
            uuid=self.uuid(),
            tax_rate_id=self.draw.choice((None, self.pick_id("edd_tax_rates"))),
        )
        for place in range(self.draw.randint(1, 3)):
            item = self.add_item(order, place, status)
            if self.draw.random() < 0.2:
                self.add_fee_to("order_item", item)
        self.shop.insert(
            "edd_order_addresses",
            order_id=order,
            name=self.word(),
            city="Köln",
            country="DE",
            date_created=now,
            date_modified=now,
        )

    def sell_late(self) -> None:
        """By an importer or by hand: an order of some days ago, entered today."""
        self.sell(late=self.draw.randint(3_600, 90 * 86_400))

    def add_item(self, order: int, place: int, status: str, **more: object) -> int:
        now = self.now()
        columns: dict[str, object] = {
            "order_id": order,
            "product_id": self.pick_id("posts", "post_type = 'download'", "ID"),
            "product_name": self.word(),
            "cart_index": place,
            "status": status,
            "quantity": 1,
            "amount": self.amount(),
            "subtotal": self.amount(),
            "total": self.amount(),
            "tax": "0.5",
            "date_created": now,
            "date_modified": now,
            "uuid": self.uuid(),
            **more,
        }
        return self.shop.insert("edd_order_items", **columns)

    def change_status(self) -> None:
        order, status = self.pick_id("edd_orders", "type = 'sale'"), self.draw.choice(STATUSES)
        for table, key in (("edd_orders", "id"), ("edd_order_items", "order_id")):
            self.shop.run(
                f"UPDATE wp_{table} SET status = %s, date_modified = %s WHERE {key} = %s",
                status,
                self.now(),
                order,
            )

    def change_item(self) -> None:
        """An item changes and its order does not."""
        self.shop.run(
            "UPDATE wp_edd_order_items SET status = %s, date_modified = %s WHERE id = %s",
            self.draw.choice(STATUSES),
            self.now(),
            self.pick_id("edd_order_items"),
        )

    def change_item_silently(self) -> None:
        self.shop.run(
            "UPDATE wp_edd_order_items SET total = %s WHERE id = %s",
            self.amount(),
            self.pick_id("edd_order_items"),
        )

    def change_order_silently(self) -> None:
        self.shop.run(
            "UPDATE wp_edd_orders SET total = %s WHERE id = %s", self.amount(), self.pick_id("edd_orders")
        )

    def refund(self, share: float = 1.0) -> None:
        order = self.pick_id("edd_orders", "type = 'sale' AND status IN ('complete', 'partially_refunded')")
        if not order:
            return
        now, amount = self.now(), f"-{self.amount()}"
        ((customer,),) = self.shop.select("SELECT customer_id FROM wp_edd_orders WHERE id = %s", order)
        back = self.shop.insert(
            "edd_orders",
            parent=order,
            order_number=f"{order}-R-1",
            type="refund",
            status="complete",
            customer_id=customer,
            currency="USD",
            subtotal=amount,
            total=amount,
            payment_key=self.word() * 4,
            date_created=now,
            date_modified=now,
            uuid=self.uuid(),
        )
        items = self.shop.select("SELECT id, product_id FROM wp_edd_order_items WHERE order_id = %s", order)
        word = "refunded" if share == 1 else "partially_refunded"
        for item, product in items if share == 1 else items[:1]:
            self.add_item(back, 0, "complete", parent=item, product_id=product, quantity=-1, total=amount)
            self.shop.run(
                "UPDATE wp_edd_order_items SET status = %s, date_modified = %s WHERE id = %s", word, now, item
            )
        self.shop.run(
            "UPDATE wp_edd_orders SET status = %s, date_modified = %s WHERE id = %s", word, now, order
        )

    def refund_partly(self) -> None:
        self.refund(0.5)

    def delete_order(self) -> None:
        order = self.pick_id("edd_orders")
        for table in ("edd_order_items", "edd_order_addresses"):
            self.shop.run(f"DELETE FROM wp_{table} WHERE order_id = %s", order)
        for table in ("edd_order_adjustments", "edd_order_transactions", "edd_notes"):
            self.shop.run(f"DELETE FROM wp_{table} WHERE object_type = 'order' AND object_id = %s", order)
        self.shop.run("DELETE FROM wp_edd_ordermeta WHERE edd_order_id = %s", order)
        self.shop.run("DELETE FROM wp_edd_orders WHERE id = %s", order)

    def delete_item(self) -> None:
        self.shop.run("DELETE FROM wp_edd_order_items WHERE id = %s", self.pick_id("edd_order_items"))

    def trash(self) -> None:
        order = self.pick_id("edd_orders")
        self.shop.insert(
            "edd_ordermeta", edd_order_id=order, meta_key="_pre_trash_status", meta_value="complete"
        )
        self.shop.run(
            "UPDATE wp_edd_orders SET status = 'trash', date_modified = %s WHERE id = %s", self.now(), order
        )

    def add_fee(self) -> None:
        self.add_fee_to("order", self.pick_id("edd_orders"))

    def add_fee_to(self, kind: str, owner: int) -> None:
        now = self.now()
        self.shop.insert(
            "edd_order_adjustments",
            object_id=owner,
            object_type=kind,
            type=self.draw.choice(("fee", "credit", "discount")),
            description=self.word(),
            subtotal=self.amount(),
            total=self.amount(),
            date_created=now,
            date_modified=now,
            uuid=self.uuid(),
        )

    def drop_fee(self) -> None:
        self.shop.run(
            "DELETE FROM wp_edd_order_adjustments WHERE id = %s", self.pick_id("edd_order_adjustments")
        )

    def note(self) -> None:
        now = self.now()
        self.shop.insert(
            "edd_notes",
            object_id=self.pick_id("edd_orders"),
            object_type="order",
            user_id=0,
            content=f"noted: '{self.word()}' \\ \x1f é 🎉",
            date_created=now,
            date_modified=now,
        )

    def set_tax_meta(self) -> None:
        """Metadata has no date."""
        row = self.pick_id("edd_ordermeta", "meta_key = 'tax_rate'", "meta_id")
        if row and self.draw.random() < 0.5:
            self.shop.run(
                "UPDATE wp_edd_ordermeta SET meta_value = %s WHERE meta_id = %s",
                self.draw.choice(("7", "19", "x")),
                row,
            )
        else:
            order = self.pick_id("edd_orders", "tax_rate_id IS NULL")
            self.shop.insert("edd_ordermeta", edd_order_id=order, meta_key="tax_rate", meta_value="20")

    def pay(self) -> None:
        now = self.now()
        self.shop.insert(
            "edd_order_transactions",
            object_id=self.pick_id("edd_orders"),
            object_type="order",
            transaction_id=self.word(),
            gateway="stripe",
            status="complete",
            total=self.amount(),
            date_created=now,
            date_modified=now,
            uuid=self.uuid(),
        )

    def change_address(self) -> None:
        self.shop.run(
            "UPDATE wp_edd_order_addresses SET city = %s, date_modified = %s WHERE id = %s",
            self.word(),
            self.now(),
            self.pick_id("edd_order_addresses"),
        )

    def move_order(self) -> None:
        """To another customer, and its day with it."""
        self.shop.run(
            "UPDATE wp_edd_orders SET customer_id = %s, date_created = %s, date_modified = %s WHERE id = %s",
            self.pick_id("edd_customers"),
            self.now(back=self.draw.randint(0, 10**7)),
            self.now(),
            self.pick_id("edd_orders"),
        )

    # the catalogue

    def change_product(self) -> None:
        self.shop.run(
            "UPDATE wp_posts SET post_title = %s, post_status = %s, post_modified_gmt = %s WHERE ID = %s",
            self.word(),
            self.draw.choice(("publish", "draft", "private")),
            self.now(),
            self.pick_id("posts", "post_type = 'download'", "ID"),
        )

    def change_price_silently(self) -> None:
        self.shop.run(
            "UPDATE wp_postmeta SET meta_value = %s WHERE meta_id = %s",
            self.amount(),
            self.pick_id("postmeta", "meta_key = 'edd_price'", "meta_id"),
        )

    def add_product(self) -> None:
        now = self.now()
        post = self.shop.insert(
            "posts",
            post_title=self.word(),
            post_name=self.word(),
            post_type="download",
            post_status="publish",
            post_date=now,
            post_date_gmt=now,
            post_modified=now,
            post_modified_gmt=now,
            guid="http://x/?p=1",
            post_content="",
            post_excerpt="",
            to_ping="",
            pinged="",
            post_content_filtered="",
        )
        self.shop.insert("postmeta", post_id=post, meta_key="edd_price", meta_value=self.amount())

    def delete_product(self) -> None:
        post = self.pick_id("posts", "post_type = 'download'", "ID")
        self.shop.run("DELETE FROM wp_postmeta WHERE post_id = %s", post)
        self.shop.run("DELETE FROM wp_term_relationships WHERE object_id = %s", post)
        self.shop.run("DELETE FROM wp_posts WHERE ID = %s", post)

    def tag(self) -> None:
        term = self.shop.insert("terms", name=self.word(), slug=self.word())
        taxonomy = self.draw.choice(("download_tag", "download_category", "post_tag"))
        self.shop.run(
            "INSERT INTO wp_term_taxonomy (term_id, taxonomy, description, parent) VALUES (%s, %s, '', 0)",
            term,
            taxonomy,
        )
        ((row,),) = self.shop.select("SELECT MAX(term_taxonomy_id) FROM wp_term_taxonomy")
        self.shop.insert(
            "term_relationships",
            object_id=self.pick_id("posts", "post_type = 'download'", "ID"),
            term_taxonomy_id=row,
        )

    def rename_term(self) -> None:
        self.shop.run(
            "UPDATE wp_terms SET name = %s WHERE term_id = %s",
            self.word(),
            self.pick_id("terms", key="term_id"),
        )

    # discounts

    def add_discount(self) -> None:
        now = self.now()
        self.shop.insert(
            "edd_adjustments",
            name=self.word(),
            code=self.word(),
            status="active",
            type="discount",
            scope="global",
            amount_type="percent",
            amount="10",
            date_created=now,
            date_modified=now,
            description="",
        )

    def use_discount(self) -> None:
        self.shop.run(
            "UPDATE wp_edd_adjustments SET use_count = use_count + 1 WHERE id = %s",
            self.pick_id("edd_adjustments", "type = 'discount'"),
        )

    def delete_discount(self) -> None:
        self.shop.run(
            "DELETE FROM wp_edd_adjustments WHERE id = %s",
            self.pick_id("edd_adjustments", "type = 'discount'"),
        )

    def require_product(self) -> None:
        self.shop.insert(
            "edd_adjustmentmeta",
            edd_adjustment_id=self.pick_id("edd_adjustments"),
            meta_key="product_requirement",
            meta_value=str(self.pick_id("posts", "post_type = 'download'", "ID")),
        )

    # users and keys

    def register(self) -> None:
        login = self.word()
        user = self.shop.insert(
            "users",
            user_login=login,
            user_email=f"{login}@Example.com",
            user_registered=self.now(),
            display_name=login,
        )
        self.shop.insert(
            "usermeta", user_id=user, meta_key="wp_capabilities", meta_value='a:1:{s:10:"subscriber";b:1;}'
        )
        self.shop.insert("usermeta", user_id=user, meta_key="first_name", meta_value=self.word())

    def rename_user(self) -> None:
        self.shop.run(
            "UPDATE wp_users SET display_name = %s, user_email = %s WHERE ID = %s",
            self.word(),
            f"{self.word()}@x.example",
            self.pick_id("users", key="ID"),
        )

    def change_role(self) -> None:
        role = self.draw.choice(("shop_manager", "shop_worker", "subscriber", "administrator"))
        self.shop.run(
            "UPDATE wp_usermeta SET meta_value = %s WHERE umeta_id = %s",
            f'a:1:{{s:{len(role)}:"{role}";b:1;}}',
            self.pick_id("usermeta", "meta_key = 'wp_capabilities'", "umeta_id"),
        )

    def make_key(self, user: int = 0) -> None:
        user = user or self.pick_id("users", key="ID")
        for kind in ("public", "secret"):
            self.shop.insert(
                "usermeta",
                user_id=user,
                meta_key=f"{self.draw.getrandbits(128):032x}",
                meta_value=f"edd_user_{kind}_key",
            )

    def renew_key(self) -> None:
        user = self.revoke_key()
        self.make_key(user)

    def revoke_key(self) -> int:
        user = self.pick_id("usermeta", "meta_value = 'edd_user_public_key'", "user_id")
        self.shop.run(
            "DELETE FROM wp_usermeta WHERE user_id = %s"
            " AND meta_value IN ('edd_user_public_key', 'edd_user_secret_key')",
            user,
        )
        return user

    def delete_user(self) -> None:
        user = self.pick_id("users", key="ID")
        self.shop.run("DELETE FROM wp_usermeta WHERE user_id = %s", user)
        self.shop.run("DELETE FROM wp_users WHERE ID = %s", user)

    # customers

    def rename_customer(self) -> None:
        self.shop.run(
            "UPDATE wp_edd_customers SET name = %s, date_modified = %s WHERE id = %s",
            self.word(),
            self.now(),
            self.pick_id("edd_customers"),
        )

    def swap_emails(self) -> None:
        one, other = self.pick_id("edd_customers"), self.pick_id("edd_customers")
        if one == other:
            return
        ((mine,),) = self.shop.select("SELECT email FROM wp_edd_customers WHERE id = %s", one)
        ((theirs,),) = self.shop.select("SELECT email FROM wp_edd_customers WHERE id = %s", other)
        for customer, email in ((one, f"{self.word()}@between.example"), (other, mine), (one, theirs)):
            self.shop.run(
                "UPDATE wp_edd_customers SET email = %s, date_modified = %s WHERE id = %s",
                email,
                self.now(),
                customer,
            )

    def add_email(self) -> None:
        now = self.now()
        self.shop.insert(
            "edd_customer_email_addresses",
            customer_id=self.pick_id("edd_customers"),
            type="secondary",
            status="active",
            email=f"{self.word()}@More.example",
            date_created=now,
            date_modified=now,
        )

    def delete_customer(self) -> None:
        customer = self.pick_id("edd_customers")
        self.shop.run("DELETE FROM wp_edd_customer_email_addresses WHERE customer_id = %s", customer)
        self.shop.run("DELETE FROM wp_edd_customers WHERE id = %s", customer)

    # downloads

    def download(self) -> None:
        now = self.now()
        line = self.shop.insert(
            "edd_logs_file_downloads",
            product_id=self.pick_id("posts", "post_type = 'download'", "ID"),
            file_id=0,
            order_id=self.pick_id("edd_orders"),
            customer_id=self.pick_id("edd_customers"),
            ip="127.0.0.1",
            date_created=now,
            date_modified=now,
        )
        self.shop.insert(
            "edd_logs_file_downloadmeta",
            edd_logs_file_download_id=line,
            meta_key="file_name",
            meta_value=self.word(),
        )

    def name_download(self) -> None:
        self.shop.run(
            "UPDATE wp_edd_logs_file_downloadmeta SET meta_value = %s WHERE meta_id = %s",
            self.word(),
            self.pick_id("edd_logs_file_downloadmeta", key="meta_id"),
        )

    def delete_download(self) -> None:
        self.shop.run(
            "DELETE FROM wp_edd_logs_file_downloads WHERE id = %s", self.pick_id("edd_logs_file_downloads")
        )

    # the shop itself

    def change_options(self) -> None:
        self.shop.run("UPDATE wp_options SET option_value = %s WHERE option_name = 'blogname'", self.word())

    def change_zone(self) -> None:
        self.shop.run(
            "UPDATE wp_options SET option_value = %s WHERE option_name = 'timezone_string'",
            self.draw.choice(("America/New_York", "Europe/Paris", "Asia/Kolkata")),
        )

    def change_rights(self) -> None:
        ((roles,),) = self.shop.select(
            "SELECT option_value FROM wp_options WHERE option_name = 'wp_user_roles'"
        )
        text = roles.replace('"view_shop_reports";b:1', '"view_shop_reports";b:0')
        if text == roles:
            text = roles.replace('"view_shop_reports";b:0', '"view_shop_reports";b:1')
        self.shop.run("UPDATE wp_options SET option_value = %s WHERE option_name = 'wp_user_roles'", text)

    def change_tax_rate(self) -> None:
        self.shop.run(
            "UPDATE wp_edd_tax_rates SET amount = %s WHERE id = %s",
            self.draw.choice(("7.5", "19", "20")),
            self.pick_id("edd_tax_rates"),
        )

    def stray(self) -> None:
        """An item whose order is not there, yet or any more."""
        ((last,),) = self.shop.select("SELECT MAX(id) FROM wp_edd_orders")
        self.add_item(last + self.draw.randint(1, 3), 0, "complete")

    def adopt_stray(self) -> None:
        """The order to a stray item."""
        row = self.shop.pick(
            self.draw,
            "SELECT DISTINCT i.order_id FROM wp_edd_order_items i"
            " LEFT JOIN wp_edd_orders o ON o.id = i.order_id WHERE o.id IS NULL ORDER BY 1",
        )
        if row:
            now = self.now()
            self.shop.insert(
                "edd_orders",
                id=row[0],
                status="complete",
                type="sale",
                customer_id=self.pick_id("edd_customers"),
                total=self.amount(),
                date_created=now,
                date_modified=now,
                currency="USD",
                payment_key=self.word(),
            )
