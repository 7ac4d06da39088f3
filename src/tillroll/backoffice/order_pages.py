"""Recording an order, and what becomes of it: a refund, a note, another status."""

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from tillroll.access.audit import Change
from tillroll.access.capabilities import Capability
from tillroll.backoffice.columns import format_amount
from tillroll.backoffice.fields import choice, list_products, long_text, money_field
from tillroll.backoffice.forms import OnceForm, PageForm, tick
from tillroll.backoffice.key_forms import Group
from tillroll.backoffice.key_pages import FORM, bind
from tillroll.backoffice.order_forms import Drawn, OrderForm
from tillroll.backoffice.origin import describe_origin
from tillroll.backoffice.rights import get_actor, may
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.shop.models import Customer, Discount, Order
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import (
    RefundRefused,
    add_note,
    change_order_status,
    create_customer,
    record_order,
    refund_order,
)
from tillroll.shop.services.refunds import list_rests

TOPICS = (Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE)

STATUSES = {
    "complete": "Complete: paid",
    "pending": "Pending",
    "processing": "Processing",
    "on_hold": "On hold",
    "revoked": "Revoked: the buyer may not download any more",
    "failed": "Failed",
    "abandoned": "Abandoned",
    "trash": "In the trash",
}


def add(request: HttpRequest) -> HttpResponse:
    """A form for an order; it can be reckoned before it is recorded."""
    _check(request)
    form = OrderForm(request.POST or None, user=get_actor(request))
    is_sent = request.method == "POST" and form.is_valid() and "preview" not in request.POST
    if is_sent and (drawn := form.drawn) and form.take():
        made = form.carry_out(lambda: _record(request, form, drawn))
        if made is not None:
            messages.success(request, f"Order {made} was recorded.")
            return HttpResponseRedirect(_get_url(made))
    return site.show(
        request,
        FORM,
        "Record an order",
        intro=describe_origin(None),
        form=form,
        groups=bind(form, form.groups[:1]),
        row_sets=form.row_sets,
        more_groups=bind(form, form.groups[1:]),
        offered=list_products(),
        summary=form.summary if request.method == "POST" else [],
        preview="Reckon",
        save="Record the order",
        back=reverse("admin:shop_order_changelist"),
    )


def _record(request: HttpRequest, form: OrderForm, drawn: Drawn) -> Order:
    found = form.cleaned_data
    with write(*TOPICS, Topic.DISCOUNTS):
        customer = form.find_customer()
        if customer is None:
            customer = create_customer(found["email"], found["name"], created_at=drawn.at)
            note(request, "added", customer, [Change("e-mail", "", customer.email)])
        order = record_order(
            customer,
            drawn.priced.lines,
            status=found["status"],
            at=drawn.at,
            fees=drawn.fees,
            discounts={drawn.discount.code: drawn.priced.discount} if drawn.discount else None,
            gateway=found["gateway"] or "manual",
            mode="test" if found["is_test"] else "live",
            email=found["email"],
            transaction_id=found["transaction_id"],
            number=found["number"],
            tax_rate=drawn.tax_rate,
            billing=form.make_address(),
        )
        if drawn.discount:
            Discount.objects.filter(pk=drawn.discount.pk).update(
                use_count=F("use_count") + 1, modified_at=timezone.now()
            )
        if found["note"]:
            add_note(order, found["note"], user_id=get_actor(request).wire_id)
        note(request, "recorded", order, _describe(order, customer))
    return order


def _describe(order: Order, customer: Customer) -> list[Change]:
    items = [f"{item.quantity} of {item.product_name}" for item in order.items.order_by("cart_index")]
    return [
        Change("customer", "", str(customer.pk)),
        Change("items", "", ", ".join(items)),
        Change("total", "", format_amount(order.total, order.currency)),
        Change("status", "", order.status),
    ]


class RefundForm(OnceForm):
    """What is given back: all that is left, or an amount of each item."""

    repeated: ClassVar[str] = "This refund was made before: the order shows it."

    is_whole = tick("Everything that is left", "Fees and credits go back as well. Or fill in amounts below.")
    note = long_text("Reason", "Kept in the order's history.", rows=2)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        self.rests = {rest.item.pk: rest for rest in list_rests(order) if rest.total > 0}
        for pk, rest in self.rests.items():
            left = format_amount(rest.total, order.currency)
            self.fields[f"item_{pk}"] = money_field(
                rest.item.product_name or f"Item {pk}", f"Of {left} that is left, tax included."
            )

    @property
    def groups(self) -> tuple[Group, ...]:
        return (
            Group("", ("is_whole",)),
            Group("Or of each item", tuple(f"item_{pk}" for pk in self.rests)),
            Group("", ("note",)),
        )

    def get_items(self) -> dict[int, Decimal] | None:
        """Amounts by item; None for everything."""
        if self.cleaned_data["is_whole"]:
            return None
        given = {pk: self.cleaned_data[f"item_{pk}"] for pk in self.rests}
        return {pk: one for pk, one in given.items() if one}

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        amounts = [found.get(f"item_{pk}") for pk in self.rests]
        if found.get("is_whole") and any(amounts):
            self.add_error("is_whole", "Either everything, or amounts: clear the one or the other.")
        if not (found.get("is_whole") or any(amounts) or self.errors):
            self.add_error(None, "Nothing is given back yet: tick everything, or fill in an amount.")
        for pk, rest in self.rests.items():
            if (given := found.get(f"item_{pk}")) and given > rest.total:
                left = format_amount(rest.total, self.order.currency)
                self.add_error(f"item_{pk}", f"That is more than is left of it: at most {left}.")
        return found


def refund(request: HttpRequest, pk: int) -> HttpResponse:
    """A form for a refund of an order, and its answer."""
    order = _get(request, pk)
    form = RefundForm(request.POST or None, user=get_actor(request), order=order)
    if request.method == "POST" and form.is_valid() and form.take():
        try:
            made = form.carry_out(lambda: _refund(request, order, form))
        except RefundRefused as error:
            form.add_error(None, str(error))
            made = None
        if made is not None:
            given = format_amount(-made.total, made.currency)
            messages.success(request, f"{given} were given back; the refund is {made}.")
            return HttpResponseRedirect(_get_url(order))
        order.refresh_from_db()
    total = format_amount(order.total, order.currency)
    return site.show(
        request,
        FORM,
        f"Refund order {order}",
        intro=(
            f"The order came to {total}. A refund is noted here as an order of its own, and counts on today's"
            " day; the money itself goes back at the gateway.",
            *describe_origin(order),
        ),
        form=form,
        groups=bind(form, form.groups),
        save="Give it back",
        save_class="danger",
        back=_get_url(order),
    )


def _refund(request: HttpRequest, order: Order, form: RefundForm) -> Order:
    with write(*TOPICS):
        before = order.status
        made = refund_order(order, items=form.get_items())
        if form.cleaned_data["note"]:
            add_note(order, form.cleaned_data["note"], user_id=get_actor(request).wire_id)
        given = format_amount(-made.total, made.currency)
        changes = [Change("given back", "", given), Change("status", before, order.status)]
        note(request, "refunded", order, changes)
    return made


class StatusForm(PageForm):
    status = choice("Status", STATUSES.items())


def change_status(request: HttpRequest, pk: int) -> HttpResponse:
    """A form for another status; refunds have their own."""
    order = _get(request, pk)
    form = StatusForm(request.POST or None, initial={"status": order.status})
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data["status"]
        if _refuse_status(order):
            form.add_error("status", _refuse_status(order))
        elif form.attempt(lambda: _change_status(request, order, wanted)):
            messages.success(request, f"Order {order} is {wanted.replace('_', ' ')} now.")
            return HttpResponseRedirect(_get_url(order))
    return site.show(
        request,
        FORM,
        f"Status of order {order}",
        intro=(
            "The status decides whether an order counts as a sale: complete, on hold and revoked ones do."
            " Money that goes back is a refund, not a status.",
            *describe_origin(order),
        ),
        form=form,
        groups=bind(form, (Group("", ("status",)),)),
        save="Save",
        back=_get_url(order),
    )


def _refuse_status(order: Order) -> str:
    """Why an order's status can't be chosen; empty where it can."""
    if order.type != "sale":
        return f"This is a {order.type}; its status stays."
    if order.status in ("refunded", "partially_refunded"):
        return "Something of this order was given back, which its status says; it stays."
    return ""


def _change_status(request: HttpRequest, order: Order, status: str) -> None:
    with write(*TOPICS):
        before = order.status
        change_order_status(order, status)
        if before != status:
            note(request, "changed", order, [Change("status", before, status)])


class NoteForm(PageForm):
    content = long_text("Note", "Kept in the order's history, for you and those who work here.", rows=3)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["content"].required = True


def write_note(request: HttpRequest, pk: int) -> HttpResponse:
    """A form for a line of an order's history."""
    order = _get(request, pk)
    form = NoteForm(request.POST or None)
    is_sent = request.method == "POST" and form.is_valid()
    if is_sent and form.attempt(lambda: _write_note(request, order, form.cleaned_data["content"])):
        messages.success(request, "The note was added.")
        return HttpResponseRedirect(_get_url(order))
    return site.show(
        request,
        FORM,
        f"Note on order {order}",
        intro=describe_origin(order),
        form=form,
        groups=bind(form, (Group("", ("content",)),)),
        save="Add the note",
        back=_get_url(order),
    )


def _write_note(request: HttpRequest, order: Order, content: str) -> None:
    with write(Topic.ORDERS):
        add_note(order, content, user_id=get_actor(request).wire_id)
        note(request, "noted", order)  # what it says may be erased with its buyer


def _get(request: HttpRequest, pk: int) -> Order:
    _check(request)
    return get_object_or_404(Order, pk=pk)


def _check(request: HttpRequest) -> None:
    if not may(request.user, Capability.EDIT_ORDERS):
        raise PermissionDenied


def _get_url(order: Order) -> str:
    return reverse("admin:shop_order_change", args=(order.pk,))
