"""/file-download-logs: who fetched which file ([3.6] 3.8, [CONTRACT] Rights)."""

from functools import partial
from urllib.parse import urlsplit

from tillroll.access.capabilities import Capability, Hideable
from tillroll.eddapi import queries
from tillroll.eddapi.answer import Answer, Listing, Question, answer_list, failed, missing
from tillroll.eddapi.cache import Reads
from tillroll.eddapi.filters import Filter
from tillroll.eddapi.reading import Row, Run
from tillroll.eddapi.request import PAGING, is_numeric, read_id, read_page
from tillroll.eddapi.titles import display_title
from tillroll.shop.revision import Topic
from tillroll.shop.text import fold_case

NOTHING = "No download logs found!"


READS = Reads((Topic.DOWNLOADS, Topic.CUSTOMERS, Topic.CATALOGUE), (*PAGING, "customer"))


def file_download_logs(question: Question) -> Answer:
    caller = question.caller
    is_open = question.shop.settings.open_download_logs or caller.customer_id is not None
    if not is_open and not caller.can(Capability.VIEW_SHOP_SENSITIVE_DATA):
        return missing(Capability.VIEW_SHOP_SENSITIVE_DATA)
    page = read_page(question.asked.parameters)
    rows = _find(question)
    if rows is None:
        return failed(NOTHING)
    return answer_list(
        question,
        page,
        Listing(
            "download_logs",
            "shop_filedownload l",
            "l.id",
            queries.of_customer(rows, "l.customer_id", caller.customer_id),
            partial(queries.list_downloads, hidden=caller.policy.hidden),
            _render,
            {"error": NOTHING},
        ),
    )


def _find(question: Question) -> Filter | None:
    """All lines, or those of the customer whose id or address is given; None when there is no such
    customer."""
    value = question.text("customer")
    if value in ("", "0"):
        return queries.ALL_DOWNLOADS
    if is_numeric(value):
        key = read_id(value)
    elif question.caller.hides(Hideable.EMAILS):
        key = None
    else:
        key = queries.get_customer_id_by_email(question.run, fold_case(value.strip()))
    return queries.downloaded_by(key) if key else None


def _render(_run: Run, rows: list[Row]) -> list[object]:
    return [
        {
            "ID": key,
            "user_id": user_id,
            "product_id": product_id,
            "product_name": False if title is None else display_title(title, status, protected),
            "customer_id": customer_id,
            "payment_id": order_id,
            "file": file_name or name or _basename(address),
            "ip": ip,
            "date": created,
        }
        for (
            key,
            user_id,
            product_id,
            title,
            status,
            protected,
            customer_id,
            order_id,
            file_name,
            name,
            address,
            ip,
            created,
        ) in rows
    ]


def _basename(address: str | None) -> str:
    return urlsplit(address).path.rstrip("/").rpartition("/")[2] if address else ""
