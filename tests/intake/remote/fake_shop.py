"""A small WordPress with EDD, as its API answers over a socket: pages that shift, and whatever a test has it
do wrong."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY, TOKEN = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"

Record = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A request: `target` is what stands behind edd-api/, such as v2/sales."""

    target: str
    query: dict[str, str]
    path: str
    headers: dict[str, str]

    @property
    def endpoint(self) -> str:
        return self.target.rpartition("/")[2]

    @property
    def page(self) -> tuple[int, int]:
        return int(self.query.get("number", "10")), int(self.query.get("page", "1"))


@dataclass(frozen=True)
class Said:
    """An answer. With `is_cut` the connection ends in the middle of it; with `hangs` there is none."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    hangs: bool = False


def make_sale(id_: int, total: str = "20.00", **more: Any) -> Record:
    day = f"2026-01-{id_ % 28 + 1:02}"
    return {
        "ID": str(id_), "mode": "live", "status": "complete", "transaction_id": f"tx{id_}",
        "key": f"key{id_}", "subtotal": f"{total}0000000", "tax": "0.000000000",
        "total": f"{total}0000000", "gateway": "stripe", "customer_id": "1", "user_id": "0",
        "email": "ann@mail.example", "date": f"{day} 12:00:00",
        "date_utc": f"{day} 12:00:00", "fees": None, "discounts": None,
        "products": [{"object_id": str(1000 + id_), "id": "7", "quantity": "1", "name": "Notes",
                      "price": f"{total}0000000", "price_name": ""}],
        **more,
    }  # fmt: skip


def make_product(id_: int = 7, **more: Any) -> Record:
    info = {"id": id_, "slug": f"p{id_}", "title": "Notes", "create_date": "2025-01-01 00:00:00",
            "modified_date": "2025-01-02 00:00:00", "status": "publish", "link": "", "permalink": "",
            "content": "Text", "excerpt": "", "thumbnail": False, "category": False, "tags": False,
            "price": "<span>&#36;20.00</span>"}  # fmt: skip
    stats = {"total": {"sales": "0", "earnings": "0.00"}, "monthly_average": {"sales": "0", "earnings": "0"}}
    return {"info": info, "stats": stats, "pricing": {"amount": "20.00"}, "notes": "", **more}


def make_customer(id_: int = 1, email: str = "ann@mail.example", **info: Any) -> Record:
    return {
        "info": {"customer_id": str(id_), "user_id": 0, "username": "", "display_name": "",
                 "first_name": "Ann", "last_name": "Lee", "email": email, "additional_emails": None,
                 "date_created": "2025-06-01 10:00:00", **info},
        "stats": {"total_purchases": 0, "total_spent": 0, "total_downloads": 0},
    }  # fmt: skip


INFO = {
    "permissions": {"view_shop_reports": True, "view_shop_sensitive_data": True,
                    "manage_shop_discounts": True},
    "site": {"wp_version": "6.9", "edd_version": "3.6.5", "currency": "EUR", "currency_position": "after",
             "decimal_separator": ".", "thousands_separator": ","},
}  # fmt: skip

MEMBERS = {"customers": "customers", "sales": "sales", "discounts": "discounts",
           "file-download-logs": "download_logs", "products": "products"}  # fmt: skip


class FakeShop:
    """`trouble` is asked first; what it gives is answered in place of the shop's own answer. Lists are kept
    newest first."""

    def __init__(self) -> None:
        self.records: dict[str, list[Record]] = {
            "sales": [], "products": [make_product()], "customers": [make_customer()], "discounts": [],
            "file-download-logs": [],
        }  # fmt: skip
        self.unlisted: list[Record] = []
        self.info: Record = INFO
        self.asked: list[Asked] = []
        self.trouble: Callable[[Asked], Said | None] = lambda _asked: None
        self.released = threading.Event()
        self.url = ""

    def sell(self, *ids: int, **more: Any) -> None:
        """The newest sale comes first."""
        for id_ in ids:
            self.records["sales"].insert(0, make_sale(id_, **more))

    def list_asked(self, endpoint: str) -> list[tuple[int, int]]:
        """Numbers and pages that were asked of a list, single records aside."""
        return [
            each.page
            for each in self.asked
            if each.endpoint == endpoint and "number" in each.query and "key" in each.query
        ]

    def answer(self, asked: Asked) -> Said:
        if said := self.trouble(asked):
            return said
        version, _, endpoint = asked.target.rpartition("/")
        if asked.endpoint != "products" or asked.query.get("token"):
            if not asked.query.get("key") or not asked.query.get("token"):
                return _say({"error": "You must specify both a token and API key!"}, 401)
            if (asked.query["key"], asked.query["token"]) != (KEY, TOKEN):
                return _say({"error": "Your request could not be authenticated!"}, 403)
        return _say(self._get(endpoint, version, asked))

    def _get(self, endpoint: str, version: str, asked: Asked) -> Record:
        if endpoint == "info":
            return {"info": self.info}
        if endpoint == "stats":
            return self._count(asked.query["type"])
        rows = self.records[endpoint]
        member = MEMBERS[endpoint]
        if endpoint == "sales" and ("id" in asked.query or "purchasekey" in asked.query):
            everything = [*rows, *self.unlisted]
            wanted = asked.query.get("id")
            found = [
                each for each in everything
                if "ID" in each
                and (each.get("internal", each["ID"]) == wanted
                     or each["key"] == asked.query.get("purchasekey"))
            ]  # fmt: skip
            return {member: found} if found else {}
        if endpoint == "products" and "product" in asked.query:
            found = [
                each
                for each in self.unlisted
                if each.get("info", {}).get("id") == int(asked.query["product"])
            ]
            return {member: found} if found else {"error": "Product not found!"}
        number, page = asked.page
        shown = rows[number * (page - 1) : number * page]
        if not shown and endpoint != "products":
            return {} if endpoint == "sales" else {"error": "No customers found!"}
        return {member: shown}

    def _count(self, kind: str) -> Record:
        if kind == "customers":
            return {"customers": {"total_customers": len(self.records["customers"])}}
        counted = [each for each in self.records["sales"] if each["status"] in ("complete", "revoked")]
        return {"sales": {"today": 0, "totals": len(counted)}}


def _say(data: Record, status: int = 200) -> Said:
    """As PHP writes it: indented, and `request_speed` at the end of what is no refusal."""
    body = {**data, "request_speed": 0.01} if status == 200 else data
    return Said(status, json.dumps(body, indent=4).encode(), {"Content-Type": "application/json"})


@contextmanager
def open_fake_shop() -> Iterator[FakeShop]:
    shop = FakeShop()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            inner = query.pop("edd-api", None) or parts.path.partition("/edd-api/")[2].strip("/")
            asked = Asked(inner, query, parts.path, {n.lower(): v for n, v in self.headers.items()})
            shop.asked.append(asked)
            said = shop.answer(asked)
            if said.hangs:
                shop.released.wait(60)
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body[: len(said.body) // 2] if said.is_cut else said.body)
            self.close_connection = self.close_connection or said.is_cut

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        shop.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield shop
        finally:
            shop.released.set()
            server.shutdown()
            thread.join(10)
