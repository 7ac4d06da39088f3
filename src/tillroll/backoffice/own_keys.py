"""My API keys: a user's own keys, for whoever can log in, also where the back office has nothing else for
them. Nobody's keys but their own are ever found here."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from tillroll.access.models import ApiKey
from tillroll.access.services import issue_own_key
from tillroll.access.states import ANSWERING, list_superseded, with_state
from tillroll.backoffice.forms import OnceForm, text
from tillroll.backoffice.key_facts import add_usage
from tillroll.backoffice.key_pages import revoke_with, rotate_with, show_new
from tillroll.backoffice.rights import get_actor, is_staff
from tillroll.backoffice.site import site
from tillroll.shop.services import get_settings

logger = logging.getLogger(__name__)

MOST_KEYS = 200
"""Keys that the page shows, the newest ones."""


class OwnKeyForm(OnceForm):
    label = text("Label", "What the key is for, such as the app's name; may be empty.")


def for_everybody(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for whoever is logged in; others are asked to."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (request.user.is_authenticated and is_staff(request.user)):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return view(request, *args, **kwargs)

    return never_cache(csrf_protect(answer))


def _list_own(request: HttpRequest) -> Any:
    keys = ApiKey.objects.filter(user=get_actor(request)).select_related("user")
    return with_state(keys, timezone.now()).defer("token_digest", "bearer_digest", "user__password")


@for_everybody
def own_keys(request: HttpRequest) -> HttpResponse:
    """The list, and the form for a new one where the shop allows it."""
    actor = get_actor(request)
    form = OwnKeyForm(request.POST or None, user=actor)
    if request.method == "POST" and form.is_valid() and form.take():
        made = form.carry_out(lambda: issue_own_key(actor, label=form.cleaned_data["label"]))
        if made is not None:
            key, pair = made
            logger.info("%s issued key %s of their own.", actor.username, key.pk)
            return show_new(request, key, pair, "Your new API key", _get_links())
    keys = add_usage(list(_list_own(request).order_by("-created_at", "-pk")[:MOST_KEYS]))
    superseded = list_superseded(keys)
    for key in keys:
        key.answers = key.state in ANSWERING
        key.may_rotate = key.answers and key.pk not in superseded
    return site.show(
        request,
        "backoffice/own_keys.html",
        "My API keys",
        form=form,
        keys=keys,
        may_make=get_settings().user_keys_allowed,
    )


@for_everybody
def rotate_own_key(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(_list_own(request), pk=pk)
    return rotate_with(request, key, get_actor(request), back=reverse("admin:own_keys"), links=_get_links())


@for_everybody
def revoke_own_key(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(_list_own(request), pk=pk)
    return revoke_with(request, key, get_actor(request), back=reverse("admin:own_keys"))


def _get_links() -> tuple[dict[str, str], ...]:
    return ({"title": "To my keys", "href": reverse("admin:own_keys")},)


urls = [
    path("my-keys/", own_keys, name="own_keys"),
    path("my-keys/<int:pk>/rotate/", rotate_own_key, name="own_key_rotate"),
    path("my-keys/<int:pk>/revoke/", revoke_own_key, name="own_key_revoke"),
]
site.own_pages.extend(urls)
