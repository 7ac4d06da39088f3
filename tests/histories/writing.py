"""A shop's life at random: orders of every kind, refunds, changes of status, downloads; and rows that no
service would write, as an import may bring them."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from random import Random

from tests.shops import setup_customer, setup_discount, setup_download, setup_product
from tillroll.shop import services
from tillroll.shop.models import Customer, Order, OrderAddress, OrderAdjustment, OrderItem, Product
from tillroll.shop.services import Fee, Line, RefundRefused
from tillroll.stats import rollup

STATUSES = (
    "complete", "complete", "complete", "complete", "pending", "processing", "refunded",
    "partially_refunded", "revoked", "failed", "abandoned", "on_hold", "trash", "edd_subscription",
)  # fmt: skip
RATES = ("1", "1", "1", "1.08421", "0.00731", "3", "149.32000")
GATEWAYS = ("manual", "stripe", "paypal", "")
AMOUNTS = ("0", "0.01", "1", "9.99", "20", "19.995", "33.333333333", "0.005", "1234.5", "999999.99")


class Scribe:
    """Writes into an empty shop; the same random numbers write the same shop."""

    def __init__(self, random: Random, draw_moment: Callable[[], datetime]) -> None:
        self.random = random
        self.draw_moment = draw_moment
        self.products = [
            setup_product(
                title=f"Ware {place}", slug=f"ware-{place}", status=status, created_at=draw_moment()
            )
            for place, status in enumerate(("publish", "publish", "publish", "draft"))
        ]
        self.customers: list[Customer | None] = [
            None,
            *(setup_customer(f"c{place}@example.com", created_at=draw_moment()) for place in range(3)),
        ]
        self.orders: list[Order] = []

    def write(self, steps: int) -> None:
        """Takes some steps through the services."""
        for _ in range(steps):
            step = self.random.choices(
                (self.sell, self.refund, self.change_status, self.download, self.edit), (10, 5, 2, 1, 1)
            )[0]
            step()

    def _amount(self) -> Decimal:
        return Decimal(self.random.choice(AMOUNTS))

    def sell(self) -> None:
        random = self.random
        self.orders.append(
            services.record_order(
                random.choice(self.customers),
                [self._line() for _ in range(random.randrange(4))],
                status=random.choice(STATUSES),
                at=self.draw_moment(),
                fees=[self._fee() for _ in range(random.choice((0, 0, 0, 1, 2)))],
                discounts={code: self._amount() for code in ("SPRING", "HALF") if random.random() < 0.2},
                gateway=random.choice(GATEWAYS),
                billing=self._address(),
                mode=random.choice(("live", "live", "test")),
                currency=random.choice(("", "USD", "EUR", "JPY")),
                rate=Decimal(random.choice(RATES)),
            )
        )

    def _address(self) -> OrderAddress | None:
        random = self.random
        if random.random() < 0.3:
            return None
        return OrderAddress(
            type=random.choice(("billing", "billing", "shipping")), country=self.draw_country()
        )

    def draw_country(self) -> str:
        return self.random.choice(("", "DE", "DE", "US", "NZ"))

    def _line(self) -> Line:
        random = self.random
        price = self._amount()
        return Line(
            random.choice(self.products),
            price,
            random.choice((1, 1, 1, 2, 5)),
            random.choice((None, None, 1, 2)),
            discount=random.choice((Decimal(0), Decimal(0), price / 4)),
            tax=random.choice((Decimal(0), price * Decimal("0.0725"), price * Decimal("0.2"))),
            fees=tuple(self._fee() for _ in range(random.choice((0, 0, 0, 1, 2)))),
        )

    def _fee(self) -> Fee:
        random = self.random
        amount = self._amount()
        if random.random() < 0.25:
            return Fee("Thanks", -amount)
        return Fee("Handling", amount, random.choice((Decimal(0), amount * Decimal("0.1"))), key="handling")

    def refund(self) -> None:
        """Refunds by a copy that may be out of date; a refusal changes nothing."""
        if not self.orders:
            return
        order = self.random.choice(self.orders)
        items = None
        lines = [item for item in order.items.all() if item.total > 0]
        if lines and self.random.random() < 0.6:
            item = self.random.choice(lines)
            items = {item.pk: item.total * Decimal(self.random.choice(("0.25", "0.333", "0.5", "1")))}
        with suppress(RefundRefused):
            services.refund_order(order, items=items, at=self.draw_moment())

    def change_status(self) -> None:
        if orders := list(Order.objects.order_by("id")):
            services.change_order_status(self.random.choice(orders), self.random.choice(STATUSES))

    def download(self) -> None:
        setup_download(
            self.random.choice(self.products),
            self.random.choice(self.customers) or 0,
            at=self.draw_moment(),
        )

    def edit(self) -> None:
        """Saves a copy of a product that knows nothing of its sales, and a discount."""
        product = self.random.choice(self.products)
        product.status = self.random.choice(("publish", "publish", "draft"))
        services.save_product(product)
        setup_discount(status=self.random.choice(("active", "archived")))

    def bring(self, rows: int) -> None:
        """Rows as they come by an import, and the kept figures made anew."""
        for _ in range(rows):
            self._bring_order()
        rollup.rebuild_all()

    def _bring_order(self) -> None:
        random, moment = self.random, self.draw_moment()
        customer = random.choice(self.customers)
        sold = list(OrderItem.objects.order_by("id"))
        kind = random.choice(("sale", "refund", "invoice"))
        order = Order(
            type=kind,
            parent=random.choice((None, *Order.objects.filter(type="sale").order_by("-id")[:3])),
            gateway=random.choice(GATEWAYS),
            status=random.choice(STATUSES),
            customer_id=random.choice((customer.pk if customer else None, 987_654)),
            currency="USD",
            total=self._signed(),
            tax=self._signed(),
            rate=Decimal(random.choice(RATES)),
            created_at=moment,
            modified_at=moment,
        )
        services.orders.put_in_shop_currency(order)
        order.save()
        for _ in range(random.randrange(3)):
            OrderAddress.objects.create(
                order=order,
                type=random.choice(("billing", "shipping")),
                country=self.draw_country(),
                created_at=moment,
            )
            discount = OrderAdjustment(
                order=order,
                type="discount",
                description=random.choice(("SPRING", "spring", "")),
                total=self._signed(),
                rate=order.rate,
                created_at=moment,
            )
            services.orders.put_in_shop_currency(discount)
            discount.save()
        for _ in range(random.randrange(3)):
            self._bring_item(order, random.choice(sold) if sold and random.random() < 0.7 else None)

    def _bring_item(self, order: Order, parent: OrderItem | None) -> None:
        random = self.random
        product: Product | None = random.choice((*self.products, None))
        item = OrderItem(
            order=order,
            parent=parent,
            product_id=random.choice((product.pk if product else None, 987_654)),
            status=random.choice(STATUSES),
            quantity=random.choice((1, -1, -2, 0, 3, -(parent.quantity if parent else 1))),
            total=self._signed(),
            tax=self._signed(),
            rate=order.rate,
            created_at=order.created_at,
        )
        services.orders.put_in_shop_currency(item)
        item.save()
        if random.random() < 0.5:
            fee = OrderAdjustment(
                order=order,
                item=item,
                type=random.choice(("fee", "credit", "discount", "tax_rate")),
                total=self._signed(),
                tax=self._signed(),
                rate=order.rate,
                created_at=order.created_at,
            )
            services.orders.put_in_shop_currency(fee)
            fee.save()

    def _signed(self) -> Decimal:
        return self._amount() * self.random.choice((1, 1, -1))
