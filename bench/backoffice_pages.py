"""Times the back office's pages inside a worker, of the shop in TILLROLL_HOME; prints a line of JSON a page.

The pages are found in the admin site: a list that is added there is measured too.
"""

import json
import os
import sys
from collections.abc import Iterator
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillroll.settings")

import django

django.setup()

from django.db import connections  # noqa: E402
from django.test import Client, RequestFactory  # noqa: E402
from django.urls import reverse  # noqa: E402

from tillroll.access.models import User  # noqa: E402
from tillroll.backoffice.period_filter import DAYS, Period  # noqa: E402
from tillroll.backoffice.site import site  # noqa: E402
from tillroll.shop.models import Order, OrderItem  # noqa: E402

DEEP = 10_000
HIT, NOTHING = "jane", "nobody-has-this-name"


def find_pages(user: User) -> Iterator[str]:
    """The dashboard; each list in every way that it offers; the newest record and the form of each kind."""
    yield reverse("admin:index")
    for model, page in site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        here = reverse(f"{name}_changelist")
        request = RequestFactory().get(here)
        request.user = user
        yield from (f"{here}?{query}" if query else here for query in _find_queries(page, request))
        if page.has_add_permission(request):
            yield reverse(f"{name}_add")
        if newest := page.get_queryset(request).order_by("-pk").first():
            yield reverse(f"{name}_change", args=[newest.pk])


def _find_queries(page: Any, request: Any) -> Iterator[str]:
    columns = list(page.get_list_display(request))
    yield ""
    yield from (f"p={number}" for number in (2, DEEP))
    for place, column in enumerate(columns):
        if column in page.get_sortable_by(request):
            yield from (f"o={way}{place}" for way in ("", "-"))
    if page.get_search_fields(request):
        yield from (urlencode({"q": words}) for words in (HIT, "1", NOTHING))
    changelist = page.get_changelist_instance(request)
    for spec in changelist.filter_specs:
        for choice in spec.choices(changelist):
            query = choice.get("query_string", "").lstrip("?")
            if query:
                yield query
    for kind in page.get_list_filter(request):
        if isinstance(kind, type) and issubclass(kind, Period):
            yield urlencode({DAYS[0]: "2026-01-01", DAYS[1]: "2026-01-31"})
        elif (named := getattr(kind, "parameter_name", "")) in (linked := _find_linked()):
            yield urlencode({named: linked[named]})


def _find_linked() -> dict[str, object]:
    """What other pages' links narrow a list to."""
    order = Order.objects.filter(type="sale").order_by("-pk").first()
    item = OrderItem.objects.order_by("-pk").first()
    return {"customer": order.customer_id if order else 1, "product": item.product_id if item else 1}


def measure(client: Client, url: str, times: int) -> dict[str, Any]:
    """The milliseconds of some openings after a first one, and the queries of one."""
    client.get(url)
    counted = [0]

    def count(execute: Any, *rest: Any) -> Any:
        counted[0] += 1
        return execute(*rest)

    found = []
    for _ in range(times):
        began = perf_counter()
        status = client.get(url).status_code
        found.append((perf_counter() - began) * 1000)
    with connections["default"].execute_wrapper(count), connections["logs"].execute_wrapper(count):
        client.get(url)
    return {"page": url, "status": status, "ms": found, "queries": counted[0]}


def main() -> None:
    user = User.objects.filter(is_superuser=True).first() or User.objects.get(username="demo")
    client = Client(REMOTE_ADDR="127.0.0.1", HTTP_HOST="127.0.0.1")
    client.force_login(user)
    for url in dict.fromkeys(find_pages(user)):
        sys.stdout.write(json.dumps(measure(client, url, int(sys.argv[1]))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
