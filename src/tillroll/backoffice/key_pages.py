"""Pages that issue, limit, rotate and revoke API keys. Each writes through the services and says in the log
which login did what to which key, never with what."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from tillroll.access.audit import Change, compare
from tillroll.access.digests import Pair
from tillroll.access.models import ApiKey, User
from tillroll.access.services import (
    KeyLimits,
    create_service_account,
    issue_customer_key,
    issue_key,
    revoke_key,
    rotate_key,
    set_key_limits,
)
from tillroll.access.states import ANSWERING, KeyState, list_superseded, with_state
from tillroll.backoffice.forms import PageForm, RotateForm
from tillroll.backoffice.granting import check_account, check_key
from tillroll.backoffice.key_forms import FOR, LIMITS, Group, IssueForm, KeyForm
from tillroll.backoffice.rights import get_actor
from tillroll.backoffice.shown_once import keep_unstored, show_pair
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.shop.revision import Topic, write

logger = logging.getLogger(__name__)

Chosen = TypeVar("Chosen", bound=StrEnum)

FORM = "backoffice/form_page.html"


def issue(page: Any, request: HttpRequest) -> HttpResponse:
    """A form for a new key, for a user, a new service account or a buyer; the answer shows the pair."""
    if not page.has_add_permission(request):
        raise PermissionDenied
    whom = read_choice(request, "for", FOR)
    actor = get_actor(request)
    initial = {name: request.GET[name] for name in ("holder", "customer") if name in request.GET}
    form = IssueForm(request.POST or None, whom=whom, user=actor, initial=initial)
    if request.method == "POST" and form.is_valid() and form.take():
        made = form.carry_out(lambda: _issue(request, form))
        if made is not None:
            key, pair = made
            logger.info("%s issued key %s of %s.", actor.username, key.pk, key.user.username)
            return show_new(request, key, pair, f"New API key of {key.user}")
    return site.show(
        request,
        FORM,
        "Issue an API key",
        form=form,
        groups=bind(form, form.groups),
        choices=list_choices(reverse("admin:access_apikey_add"), "for", FOR, whom),
        choices_label="For whom",
        save="Issue the key",
        back=reverse("admin:access_apikey_changelist"),
    )


def _issue(request: HttpRequest, form: IssueForm) -> tuple[ApiKey, Pair]:
    label, limits = form.cleaned_data["label"], form.get_limits()
    with write(Topic.ACCESS):  # no account is left behind where its key is refused
        if form.buyer is not None:
            made = issue_customer_key(form.buyer, label=label, limits=limits)
        elif form.found is not None:
            made = issue_key(form.found, label=label, limits=limits)
        else:
            account = create_service_account(form.cleaned_data["username"], roles=form.cleaned_data["roles"])
            note(request, "added", account)
            made = issue_key(account, label=label, limits=limits)
        note(request, "issued", made[0], compare({}, describe_key(made[0])))
    return made


def describe_key(key: ApiKey) -> dict[str, object]:
    """What the audit trail says of a key, without anything that opens something."""
    limits = {name.replace("_", " "): getattr(key, name) for name in KeyLimits.__dataclass_fields__}
    return {"label": key.label, "holder": key.user.username, "only of customer": key.customer_id, **limits}


def read_choice(request: HttpRequest, name: str, titles: Mapping[Chosen, str]) -> Chosen:
    """Which of some kinds of a form an address asks for; the first one where it names none."""
    asked = request.GET.get(name)
    return next((one for one in titles if one == asked), next(iter(titles)))


def list_choices(
    here: str, name: str, titles: Mapping[Chosen, str], chosen: Chosen
) -> list[dict[str, object]]:
    """The links between the kinds of a form, as its page draws them."""
    return [
        {"title": title, "href": f"{here}?{name}={one}", "is_chosen": one is chosen}
        for one, title in titles.items()
    ]


def change_limits(page: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """What a key is called and what it may do."""
    key = _get_key(page, request, pk)
    if key.revoked_at is not None:
        return _refuse(request, key, "Limits", "This key was revoked: its limits count for nothing any more.")
    try:
        check_key(get_actor(request), key.user, key.customer_id)
    except ValidationError as error:
        return _refuse(request, key, "Limits", *error.messages)
    form = KeyForm(request.POST or None, key=key)
    is_sent = request.method == "POST" and form.is_valid()
    if is_sent and form.attempt(lambda: _change_limits(request, key, form)):
        logger.info("%s changed key %s.", get_actor(request).username, key.pk)
        messages.success(request, "The key was changed; it counts from its next request on.")
        return HttpResponseRedirect(_get_url(key))
    return site.show(
        request,
        FORM,
        f"Limits of {key}",
        form=form,
        groups=bind(form, (Group("", ("label",)), *LIMITS)),
        save="Save",
        back=_get_url(key),
    )


def _change_limits(request: HttpRequest, key: ApiKey, form: KeyForm) -> None:
    with write(Topic.ACCESS):
        before = describe_key(key)
        set_key_limits(key, label=form.cleaned_data["label"], limits=form.get_limits())
        if changes := compare(before, describe_key(key)):
            note(request, "changed", key, changes)


def rotate(page: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """A successor for a key; the answer shows the new pair."""
    key = _get_key(page, request, pk)
    actor = get_actor(request)
    try:
        check_key(actor, key.user, key.customer_id)
    except ValidationError as error:
        return _refuse(request, key, "Rotate", *error.messages)
    return rotate_with(request, key, actor, back=_get_url(key))


def rotate_with(request: HttpRequest, key: Any, actor: User, back: str, links: Any = None) -> HttpResponse:
    """The form of a rotation that is allowed, and its answer."""
    if key.state not in ANSWERING and key.state != KeyState.SHUT_OUT:
        return _refuse(request, key, "Rotate", "This key has ended; issue a new one.", back=back)
    family = with_state(ApiKey.objects.filter(meter_id=key.meter, pk__gt=key.pk), timezone.now())
    if key.pk in list_superseded([key, *family]):
        newest = family.order_by("-pk")[0].public_key[:6]
        sentence = f"This key was rotated already: {newest}… took over from it. Rotate that one."
        return _refuse(request, key, "Rotate", sentence, back=back)
    form = RotateForm(request.POST or None, user=actor)
    if request.method == "POST" and form.is_valid() and form.take():
        made = form.carry_out(lambda: _rotate(request, key, form.get_grace()))
        if made is not None:
            successor, pair = made
            logger.info("%s rotated key %s into key %s.", actor.username, key.pk, successor.pk)
            return show_new(request, successor, pair, f"New pair of {successor}", links)
    return site.show(
        request,
        FORM,
        f"Rotate {key}",
        intro=(
            "A new key takes over with the same holder, limits and counters. The old one goes on answering"
            " for as long as you choose here, so that every app can be given the new one.",
        ),
        form=form,
        groups=bind(form, (Group("", ("grace",)),)),
        save="Rotate",
        back=back,
    )


def _rotate(request: HttpRequest, key: ApiKey, grace: timedelta) -> tuple[ApiKey, Pair]:
    with write(Topic.ACCESS):
        made = rotate_key(key, grace=grace)
        note(request, "rotated", key, [Change("successor", "", f"{made[0].public_key[:6]}…")])
    return made


def revoke(page: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, then ends a key."""
    key = _get_key(page, request, pk)
    actor = get_actor(request)
    try:
        check_account(actor, key.user)
    except ValidationError as error:
        return _refuse(request, key, "Revoke", *error.messages)
    return revoke_with(request, key, actor, back=_get_url(key))


def revoke_with(request: HttpRequest, key: Any, actor: User, back: str) -> HttpResponse:
    """The question before a key that one may revoke is ended, and its answer."""
    if key.revoked_at is not None:
        return _refuse(
            request, key, "Revoke", f"It was revoked on {key.revoked_at:%Y-%m-%d at %H:%M:%S} UTC.", back=back
        )
    form = PageForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.attempt(lambda: _revoke(request, key)):
        logger.info("%s revoked key %s.", actor.username, key.pk)
        messages.success(request, f"The key {key} was revoked: its next request answers 403.")
        return HttpResponseRedirect(back)
    return site.show(
        request,
        FORM,
        f"Revoke {key}",
        intro=(
            f"The key {key.public_key[:6]}… of {key.user} ends at once: whatever uses it gets 403 from the"
            " next request on. That can't be undone. Its lines in the request log stay.",
        ),
        form=form,
        save="Revoke the key",
        save_class="danger",
        back=back,
    )


def _revoke(request: HttpRequest, key: ApiKey) -> None:
    with write(Topic.ACCESS):
        revoke_key(key)
        note(request, "revoked", key)


def show_new(request: HttpRequest, key: ApiKey, pair: Pair, title: str, links: Any = None) -> HttpResponse:
    """The one answer that shows a fresh pair."""
    links = links or (
        {"title": "To the key", "href": _get_url(key)},
        {"title": "All API keys", "href": reverse("admin:access_apikey_changelist")},
    )
    return keep_unstored(site.show(request, FORM, title, shown=show_pair(request, key, pair), links=links))


def bind(form: Any, groups: Any) -> list[dict[str, Any]]:
    """Groups of a form's fields, as its page draws them."""
    return [
        {"title": group.title, "is_row": group.is_row, "fields": [form[name] for name in group.names]}
        for group in groups
    ]


def _refuse(request: HttpRequest, key: ApiKey, what: str, *sentences: str, back: str = "") -> HttpResponse:
    """A page that says why something can't be done, in place of its form."""
    return site.show(
        request, FORM, f"{what} {key}", intro=sentences, back=back or _get_url(key), back_title="Back"
    )


def _get_key(page: Any, request: HttpRequest, pk: int) -> Any:
    if not page.has_view_permission(request):
        raise PermissionDenied
    return get_object_or_404(page.get_queryset(request), pk=pk)


def _get_url(key: ApiKey) -> str:
    return reverse("admin:access_apikey_change", args=(key.pk,))
