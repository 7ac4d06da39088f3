"""What somebody who manages users does about another's login: a link to choose a password, and the second
factor of a lost phone taken away. Never for somebody with more rights than their own."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tillroll.access.audit import Change
from tillroll.access.links import LinkKind, get_lifetime
from tillroll.access.mailing import send_link
from tillroll.access.models import User
from tillroll.access.services import has_second_factor, remove_second_factor
from tillroll.backoffice.forms import PageForm
from tillroll.backoffice.granting import check_login
from tillroll.backoffice.key_pages import FORM
from tillroll.backoffice.rights import get_actor
from tillroll.backoffice.shown_once import Shown, keep_unstored
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.backoffice.welcome import make_link
from tillroll.shop.revision import Topic, write


def describe_login(actor: User, holder: User) -> dict[str, Any]:
    """What the user's page says about the login, and what may be done about it."""
    refusal = get_refusal(actor, holder)
    return {
        "login_refusal": refusal,
        "login_is_new": not holder.has_usable_password(),
        "login_has_factor": has_second_factor(holder),
    }


def get_refusal(actor: User, holder: User) -> str:
    """Why somebody may do nothing about a login; empty where they may."""
    if holder.is_service:
        return "A service account holds API keys alone: nobody logs in with it."
    if holder.is_demo:
        return "The demo's password is in the file demo-credentials."
    try:
        check_login(actor, holder)
    except ValidationError as error:
        return str(error.messages[0])
    return ""


def give_link(page: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Makes a link by which a user chooses a password; the answer shows it."""
    holder = _get_holder(page, request, pk)
    back = reverse("admin:access_user_change", args=(holder.pk,))
    is_new = not holder.has_usable_password()
    title = f"Invitation of {holder}" if is_new else f"Reset link of {holder}"
    if refusal := _get_link_refusal(get_actor(request), holder):
        return site.show(request, FORM, title, intro=(refusal,), back=back, back_title="Back")
    form = PageForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return show_link(request, holder)
    return site.show(
        request,
        FORM,
        title,
        intro=(
            f"A link is made by which {holder.username} chooses a password. It is shown once, counts once and"
            f" {_say_lifetime(holder)}. "
            + ("" if is_new else "The present password goes on counting until then."),
        ),
        form=form,
        save="Make the link",
        back=back,
    )


def show_link(request: HttpRequest, holder: User, shown: Shown | None = None) -> HttpResponse:
    """The one answer that shows a fresh link (and a fresh key, where there is one); it is mailed as well
    where the settings name a mail server."""
    is_new = not holder.has_usable_password()
    url = make_link(request, holder)
    kind = LinkKind.INVITATION if is_new else LinkKind.RESET
    note(request, "made an invitation" if is_new else "made a reset link", holder)
    is_sent = send_link(holder, kind, url)
    return keep_unstored(
        site.show(
            request,
            "backoffice/link.html",
            f"Invitation of {holder}" if is_new else f"Reset link of {holder}",
            holder=holder,
            url=url,
            lifetime=_say_lifetime(holder),
            sent_to=holder.email if is_sent else "",
            shown=shown,
        )
    )


def reset_second_factor(page: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, then takes a user's second factor away."""
    holder = _get_holder(page, request, pk)
    actor = get_actor(request)
    back = reverse("admin:access_user_change", args=(holder.pk,))
    title = f"Two-factor login of {holder}"
    refusal = get_refusal(actor, holder)
    if not refusal and not has_second_factor(holder):
        refusal = f"{holder} has no second factor."
    if not refusal and holder == actor:
        refusal = "Your own second factor is under My account > Two-factor, where it takes a code."
    if refusal:
        return site.show(request, FORM, title, intro=(refusal,), back=back, back_title="Back")
    form = PageForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and form.attempt(lambda: _reset(request, holder)):
        messages.success(
            request, f"{holder.username} logs in with the password alone, and can set up a new phone."
        )
        return HttpResponseRedirect(back)
    return site.show(
        request,
        FORM,
        title,
        intro=(
            f"For a lost phone: app and recovery codes of {holder.username} let nobody in any more, and their"
            " logins end. The password alone lets them in then, so be sure that it is they who ask.",
        ),
        form=form,
        save="Reset two-factor login",
        save_class="danger",
        back=back,
    )


def _reset(request: HttpRequest, holder: User) -> None:
    with write(Topic.ACCESS):
        remove_second_factor(holder)
        note(request, "reset two-factor login", holder, [Change("two-factor login", "on", "off")])


def _get_link_refusal(actor: User, holder: User) -> str:
    if holder == actor:
        return "Your own password is under My account, where it takes the present one."
    if not holder.is_active:
        return f"{holder} is not let in; tick “Let in” first."
    return get_refusal(actor, holder)


def _get_holder(page: Any, request: HttpRequest, pk: int) -> User:
    if not page.has_add_permission(request):
        raise PermissionDenied
    holder = User.objects.filter(pk=pk).first()
    if holder is None:
        raise Http404
    return holder


def _say_lifetime(holder: User) -> str:
    kind = LinkKind.RESET if holder.has_usable_password() else LinkKind.INVITATION
    lifetime = get_lifetime(kind)
    return (
        f"for {lifetime.days} days"
        if lifetime.days > 1
        else f"for {lifetime.total_seconds() // 3600:.0f} hours"
    )
