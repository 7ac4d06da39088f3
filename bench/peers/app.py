"""v2 customers and v2 sales as one would write them today: FastAPI, SQLAlchemy's ORM with eager loading,
pydantic models, a session for each request. The key is checked; nothing is logged, counted or limited."""

import hmac
import os
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    sessionmaker,
)

ZONE = ZoneInfo(os.environ["PEER_ZONE"])
PEPPER = os.environ["PEER_PEPPER"].encode()
NET = ("complete", "partially_refunded", "revoked", "on_hold")
UNITS = 1_000_000_000

engine = create_engine(f"sqlite:///{os.environ['PEER_DATABASE']}")
make_session = sessionmaker(engine)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "access_user"
    id: Mapped[int] = mapped_column(primary_key=True)
    wire_id: Mapped[int]
    login: Mapped[str]
    display_name: Mapped[str]
    capabilities: Mapped[str]


class ApiKey(Base):
    __tablename__ = "access_apikey"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_key: Mapped[str]
    token_digest: Mapped[str]
    revoked_at: Mapped[datetime | None]
    user_id: Mapped[int] = mapped_column(ForeignKey("access_user.wire_id"))
    user: Mapped[User] = relationship()


class CustomerEmail(Base):
    __tablename__ = "shop_customeremail"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("shop_customer.id"))
    email: Mapped[str]


class Customer(Base):
    __tablename__ = "shop_customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("access_user.wire_id"))
    email: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]
    purchase_count: Mapped[int]
    purchase_whole: Mapped[int]
    purchase_rest: Mapped[int]
    download_count: Mapped[int]
    user: Mapped[User | None] = relationship()
    emails: Mapped[list[CustomerEmail]] = relationship(order_by=CustomerEmail.id.desc())


class PriceOption(Base):
    __tablename__ = "shop_priceoption"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("shop_product.id"))
    price_id: Mapped[int]
    name: Mapped[str]


class Product(Base):
    __tablename__ = "shop_product"
    id: Mapped[int] = mapped_column(primary_key=True)
    has_price_options: Mapped[bool]
    options: Mapped[list[PriceOption]] = relationship()


class OrderItem(Base):
    __tablename__ = "shop_orderitem"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("shop_product.id"))
    cart_index: Mapped[int]
    quantity: Mapped[int]
    product_name: Mapped[str]
    total: Mapped[int]
    price_id: Mapped[int | None]
    product: Mapped[Product | None] = relationship()

    @property
    def price_name(self) -> str:
        if self.product is None or not self.product.has_price_options:
            return ""
        return next((one.name for one in self.product.options if one.price_id == self.price_id), "")


class Adjustment(Base):
    __tablename__ = "shop_orderadjustment"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("shop_orderitem.id"))
    type: Mapped[str]
    type_key: Mapped[str]
    description: Mapped[str]
    total: Mapped[int]


class Transaction(Base):
    __tablename__ = "shop_ordertransaction"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id"))
    transaction_id: Mapped[str]
    created_at: Mapped[datetime]


class Order(Base):
    __tablename__ = "shop_order"
    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    mode: Mapped[str]
    status: Mapped[str]
    payment_key: Mapped[str]
    subtotal: Mapped[int]
    tax: Mapped[int]
    total: Mapped[int]
    gateway: Mapped[str]
    customer_id: Mapped[int | None]
    user_id: Mapped[int]
    email: Mapped[str]
    created_at: Mapped[datetime]
    items: Mapped[list[OrderItem]] = relationship(order_by=(OrderItem.cart_index, OrderItem.id))
    adjustments: Mapped[list[Adjustment]] = relationship(order_by=Adjustment.id)
    transactions: Mapped[list[Transaction]] = relationship(order_by=(Transaction.created_at, Transaction.id))


class CustomerInfo(BaseModel):
    id: str
    user_id: str
    username: str
    display_name: str
    customer_id: str
    first_name: str
    last_name: str
    email: str
    additional_emails: list[str]
    date_created: str


class CustomerStats(BaseModel):
    total_purchases: str
    total_spent: str
    total_downloads: int


class CustomerOut(BaseModel):
    info: CustomerInfo
    stats: CustomerStats


class CustomersOut(BaseModel):
    customers: list[CustomerOut]
    request_speed: float


class Bought(BaseModel):
    object_id: str
    id: str
    quantity: str
    name: str
    price: str
    price_name: str


class Fee(BaseModel):
    amount: str
    label: str
    no_tax: bool
    type: str
    price_id: str | None
    download_id: str | None
    id: str


class SaleOut(BaseModel):
    ID: str
    mode: str
    status: str
    transaction_id: str
    key: str
    subtotal: str
    tax: str
    total: str
    gateway: str
    customer_id: str
    user_id: str
    email: str
    date: str
    date_utc: str
    products: list[Bought]
    fees: list[Fee] | None
    discounts: dict[str, str] | None


class SalesOut(BaseModel):
    sales: list[SaleOut]
    request_speed: float


def get_session() -> Iterator[Session]:
    with make_session() as session:
        yield session


SessionNow = Annotated[Session, Depends(get_session)]


def check_key(key: str, token: str, session: SessionNow) -> ApiKey:
    query = select(ApiKey).options(joinedload(ApiKey.user)).where(ApiKey.public_key == key)
    found = session.scalars(query).first()
    digest = hmac.digest(PEPPER, token.encode(), "sha256").hex()
    if found is None or found.revoked_at or not hmac.compare_digest(digest, found.token_digest):
        raise HTTPException(403, "Invalid API key!")
    return found


KeyNow = Annotated[ApiKey, Depends(check_key)]


@app.get("/edd-api/v2/customers/")
def list_customers(session: SessionNow, key: KeyNow, number: int = 10, page: int = 1) -> CustomersOut:
    began = time.perf_counter()
    if "view_shop_sensitive_data" not in key.user.capabilities.split():
        raise HTTPException(403)
    query = (
        select(Customer)
        .options(joinedload(Customer.user), selectinload(Customer.emails))
        .order_by(Customer.id.desc())
        .limit(number)
        .offset(number * (page - 1))
    )
    customers = [show_customer(customer) for customer in session.scalars(query)]
    return CustomersOut(customers=customers, request_speed=time.perf_counter() - began)


@app.get("/edd-api/v2/sales/")
def list_sales(session: SessionNow, key: KeyNow, number: int = 10, page: int = 1) -> SalesOut:
    began = time.perf_counter()
    if "view_shop_reports" not in key.user.capabilities.split():
        raise HTTPException(403)
    query = (
        select(Order)
        .options(
            selectinload(Order.items).joinedload(OrderItem.product).selectinload(Product.options),
            selectinload(Order.adjustments),
            selectinload(Order.transactions),
        )
        .where(Order.type == "sale", Order.status.in_(NET))
        .order_by(Order.id.desc())
        .limit(number)
        .offset(number * (page - 1))
    )
    sales = [show_sale(order) for order in session.scalars(query)]
    return SalesOut(sales=sales, request_speed=time.perf_counter() - began)


def show_customer(customer: Customer) -> CustomerOut:
    first, _, last = customer.name.partition(" ")
    spent = customer.purchase_whole * UNITS + customer.purchase_rest
    return CustomerOut(
        info=CustomerInfo(
            id=str(customer.id),
            user_id=str(customer.user_id or ""),
            username=customer.user.login if customer.user else "",
            display_name=customer.user.display_name if customer.user else "",
            customer_id=str(customer.id),
            first_name=first,
            last_name=last,
            email=customer.email,
            additional_emails=[one.email for one in customer.emails if one.email != customer.email],
            date_created=f"{customer.created_at:%Y-%m-%d %H:%M:%S}",
        ),
        stats=CustomerStats(
            total_purchases=str(customer.purchase_count),
            total_spent=f"{spent / UNITS:.6f}",
            total_downloads=customer.download_count,
        ),
    )


def show_amount(units: int) -> str:
    sign = "-" if units < 0 else ""
    return f"{sign}{abs(units) // UNITS}.{abs(units) % UNITS:09d}"


def show_sale(order: Order) -> SaleOut:
    local = order.created_at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZONE)
    items = {item.id: item for item in order.items}
    fees = [show_fee(one, items.get(one.item_id)) for one in order.adjustments if one.type == "fee"]
    discounts = {
        one.description: show_amount(one.total)
        for one in order.adjustments
        if one.type == "discount" and one.item_id is None
    }
    return SaleOut(
        ID=str(order.id),
        mode=order.mode,
        status=order.status,
        transaction_id=order.transactions[0].transaction_id if order.transactions else "",
        key=order.payment_key,
        subtotal=show_amount(order.subtotal),
        tax=show_amount(order.tax),
        total=show_amount(order.total),
        gateway=order.gateway,
        customer_id=str(order.customer_id or 0),
        user_id=str(order.user_id),
        email=order.email,
        date=f"{local:%Y-%m-%d %H:%M:%S}",
        date_utc=f"{order.created_at:%Y-%m-%d %H:%M:%S}",
        products=[
            Bought(
                object_id=str(item.id),
                id=str(item.product_id or 0),
                quantity=str(item.quantity),
                name=item.product_name,
                price=show_amount(item.total),
                price_name=item.price_name,
            )
            for item in order.items
        ],
        fees=fees or None,
        discounts=discounts or None,
    )


def show_fee(fee: Adjustment, item: OrderItem | None) -> Fee:
    return Fee(
        amount=show_amount(fee.total),
        label=fee.description,
        no_tax=False,
        type="fee",
        price_id=str(item.price_id) if item and item.price_id is not None else None,
        download_id=str(item.product_id) if item else None,
        id=fee.type_key,
    )
