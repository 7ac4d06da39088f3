"""Making and changing a customer, their addresses, and two customers who are one."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from tillroll.access.audit import Change, compare
from tillroll.access.capabilities import Capability
from tillroll.backoffice.columns import format_amount
from tillroll.backoffice.fields import choice, email_field
from tillroll.backoffice.forms import PageForm, text
from tillroll.backoffice.key_forms import Group
from tillroll.backoffice.key_pages import FORM, bind
from tillroll.backoffice.origin import describe_origin
from tillroll.backoffice.rights import may
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.shop.models import Customer, CustomerEmail
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import (
    add_email,
    change_customer,
    check_address,
    create_customer,
    get_settings,
    merge_customers,
    remove_email,
)
from tillroll.shop.text import fold_case

STATUSES = {
    "active": "Active",
    "inactive": "Inactive",
    "disabled": "Disabled",
    "pending": "Pending",
}


def may_edit(user: Any) -> bool:
    """Whether somebody may change customers: it takes to see them, and to change what they bought."""
    return may(user, Capability.VIEW_SHOP_SENSITIVE_DATA) and may(user, Capability.EDIT_ORDERS)


class CustomerForm(PageForm):
    name = text("Name", most=255)
    email = email_field("E-mail address", "The primary one; the one of before stays as a further one.")
    status = choice("Status", STATUSES.items())

    def __init__(self, *args: Any, customer: Customer | None, **kwargs: Any) -> None:
        if customer:
            kwargs["initial"] = {
                "name": customer.name,
                "email": customer.email,
                "status": customer.status,
            }
        super().__init__(*args, **kwargs)
        status: Any = self.fields["status"]
        if customer is None:
            self.fields["email"].help_text = ""
        elif customer.status not in STATUSES:
            status.choices = [*status.choices, (customer.status, customer.status.capitalize())]


class EmailForm(PageForm):
    email = email_field("A further e-mail address", "Orders and API questions by it lead to this customer.")


class MergeForm(PageForm):
    other = text(
        "The other customer", "Their id, or one of their e-mail addresses.", required=True, most=100,
        autocomplete="off",
    )  # fmt: skip

    def clean_other(self) -> Customer:
        wanted: str = self.cleaned_data["other"].strip()
        if wanted.isdecimal() and len(wanted) < 19:
            found = Customer.objects.filter(pk=int(wanted)).first()
        else:
            folded = fold_case(wanted)
            having = CustomerEmail.objects.filter(email_folded=folded).values("customer_id")
            found = Customer.objects.filter(Q(email_folded=folded) | Q(pk__in=having)).first()
        if found is None:
            raise ValidationError(f"There is no customer {wanted}: give an id, or a whole e-mail address.")
        return found


def add(request: HttpRequest) -> HttpResponse:
    """A form for a new customer."""
    _check(request)
    form = CustomerForm(request.POST or None, customer=None)
    if request.method == "POST" and form.is_valid():
        made = form.carry_out(lambda: _create(request, form.cleaned_data))
        if made is not None:
            messages.success(request, f"{made} was added.")
            return HttpResponseRedirect(_get_url(made))
    return _show(request, form, "Add a customer", None, "Add the customer")


def _create(request: HttpRequest, found: dict[str, Any]) -> Customer:
    with write(Topic.CUSTOMERS):
        check_address(found["email"])
        made = create_customer(found["email"], found["name"], status=found["status"])
        note(request, "added", made, compare({}, describe_customer(made)))
    return made


def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, primary address and status."""
    customer = _get(request, pk)
    form = CustomerForm(request.POST or None, customer=customer)
    if request.method == "POST" and form.is_valid():
        if form.carry_out(lambda: _change(request, customer, form.cleaned_data)):
            messages.success(request, f"{customer} was saved.")
            return HttpResponseRedirect(_get_url(customer))
        customer.refresh_from_db()
    return _show(request, form, f"Edit {customer}", customer, "Save")


def _change(request: HttpRequest, customer: Customer, found: dict[str, Any]) -> Customer:
    with write(Topic.CUSTOMERS):
        before = describe_customer(customer)
        change_customer(customer, name=found["name"], email=found["email"], status=found["status"])
        if changes := compare(before, describe_customer(customer)):
            note(request, "changed", customer, changes)
    return customer


def add_address(request: HttpRequest, pk: int) -> HttpResponse:
    """A further e-mail address."""
    customer = _get(request, pk)
    form = EmailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        added = form.carry_out(lambda: _add_address(request, customer, form.cleaned_data["email"]))
        if added is not None:
            messages.success(request, f"{added} was added.")
            return HttpResponseRedirect(_get_url(customer))
    return _show(request, form, f"Add an address of {customer}", customer, "Add the address")


def _add_address(request: HttpRequest, customer: Customer, address: str) -> CustomerEmail:
    with write(Topic.CUSTOMERS):
        if customer.emails.filter(email_folded=fold_case(address)).exists():
            raise ValidationError({"email": f"{address} is an address of this customer already."})
        added = add_email(customer, address)
        note(request, "changed", customer, [Change("e-mail addresses", "", address)])
    return added


def remove_address(request: HttpRequest, pk: int, email_pk: int) -> HttpResponse:
    """Asks, then takes a further address away."""
    customer = _get(request, pk)
    address = get_object_or_404(CustomerEmail, pk=email_pk, customer=customer)
    form = PageForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.attempt(lambda: _remove_address(request, customer, address)):
        messages.success(request, f"{address} was removed.")
        return HttpResponseRedirect(_get_url(customer))
    return site.show(
        request,
        FORM,
        f"Remove {address}",
        intro=(f"{customer} is not known by {address} any more. Orders that were made with it stay.",),
        form=form,
        save="Remove the address",
        save_class="danger",
        back=_get_url(customer),
    )


def _remove_address(request: HttpRequest, customer: Customer, address: CustomerEmail) -> None:
    with write(Topic.CUSTOMERS):
        note(request, "changed", customer, [Change("e-mail addresses", address.email, "")])
        remove_email(customer, address)


def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Finds the other customer, shows what would become one, and merges when told so."""
    customer = _get(request, pk)
    form = MergeForm(request.POST or None)
    other: Customer | None = None
    if request.method == "POST" and form.is_valid():
        chosen: Customer = form.cleaned_data["other"]
        other = chosen
        if "confirmed" in request.POST:
            done = form.carry_out(lambda: _merge(request, customer, chosen))
            if done is not None:
                messages.success(request, done)
                return HttpResponseRedirect(_get_url(customer))
        elif chosen == customer:
            form.add_error("other", "That is this customer; name another one.")
            other = None
    return site.show(
        request,
        "backoffice/customer_merge.html",
        f"Merge another customer into {customer}",
        form=form,
        sides=[_describe_side(one) for one in (customer, other)] if other else [],
        customer=customer,
        origin=describe_origin(customer),
        back=_get_url(customer),
    )


def _merge(request: HttpRequest, stays: Customer, goes: Customer) -> str:
    with write(Topic.CUSTOMERS, Topic.ORDERS, Topic.DOWNLOADS, Topic.ACCESS):
        name, key = str(goes), goes.pk
        note(request, "merged", stays, [Change("merged with", "", f"customer {key}")])
        done = merge_customers(stays, goes)
    return (
        f"Customer {key}, {name}, is part of this one now: {done.orders:,} orders and refunds,"
        f" {done.emails} addresses and {done.downloads:,} downloads were moved."
    )


def _describe_side(customer: Customer) -> dict[str, object]:
    return {
        "customer": customer,
        "emails": sorted({customer.email, *customer.emails.values_list("email", flat=True)}),
        "value": format_amount(customer.purchase_value, get_settings().currency),
    }


def describe_customer(customer: Customer) -> Mapping[str, object]:
    """What the audit trail says of a customer."""
    return {"name": customer.name, "e-mail": customer.email, "status": customer.status}


def _show(request: HttpRequest, form: Any, title: str, customer: Customer | None, save: str) -> HttpResponse:
    return site.show(
        request,
        FORM,
        title,
        intro=describe_origin(customer),
        form=form,
        groups=bind(form, (Group("", tuple(form.fields)),)),
        save=save,
        back=_get_url(customer) if customer else reverse("admin:shop_customer_changelist"),
    )


def _get(request: HttpRequest, pk: int) -> Customer:
    _check(request)
    return get_object_or_404(Customer, pk=pk)


def _check(request: HttpRequest) -> None:
    if not may_edit(request.user):
        raise PermissionDenied


def _get_url(customer: Customer) -> str:
    return reverse("admin:shop_customer_change", args=(customer.pk,))
