"""Making, changing and removing categories and tags."""

from html import escape, unescape
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.text import slugify

from tillroll.access.audit import compare
from tillroll.access.capabilities import Capability
from tillroll.backoffice.fields import choice, long_text
from tillroll.backoffice.forms import PageForm, text
from tillroll.backoffice.key_forms import Group
from tillroll.backoffice.key_pages import FORM, bind
from tillroll.backoffice.origin import describe_origin
from tillroll.backoffice.rights import may
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.shop.models import Taxonomy, Term
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import add_term, delete_term, save_term


class TermForm(PageForm):
    name = text("Name", required=True, most=200)
    slug = text("Slug", "Its name in addresses and the API. Empty: made of the name.", most=200)
    description = long_text("Description")

    def __init__(self, *args: Any, term: Term | None, taxonomy: str, **kwargs: Any) -> None:
        self.term = term
        if term:
            kwargs["initial"] = {
                "name": unescape(term.name),
                "slug": term.slug,
                "description": term.description,
                "parent": str(term.parent_id),
            }
        super().__init__(*args, **kwargs)
        self.taxonomy = taxonomy
        self.groups = [Group("", ("name", "slug", "description"))]
        if taxonomy == Taxonomy.CATEGORY:
            others = Term.objects.filter(taxonomy=taxonomy).exclude(pk=term.pk if term else 0)
            above = [(str(one.term_id), unescape(one.name)) for one in others.order_by("name_key")]
            self.fields["parent"] = choice("Below", [("0", "No other category"), *above])
            self.groups = [Group("", ("name", "slug", "parent", "description"))]

    def clean_slug(self) -> str:
        return self.cleaned_data["slug"] or slugify(self.cleaned_data.get("name", "")) or "term"


def add(request: HttpRequest) -> HttpResponse:
    """A form for a new category or tag, as its address says."""
    wanted = request.GET.get("taxonomy", "")
    taxonomy = Taxonomy.TAG if wanted == Taxonomy.TAG else Taxonomy.CATEGORY
    return _edit(request, None, taxonomy)


def change(request: HttpRequest, pk: int) -> HttpResponse:
    _check(request)
    term = get_object_or_404(Term, pk=pk)
    return _edit(request, term, term.taxonomy)


def _edit(request: HttpRequest, term: Term | None, taxonomy: str) -> HttpResponse:
    _check(request)
    form = TermForm(request.POST or None, term=term, taxonomy=taxonomy)
    if request.method == "POST" and form.is_valid():
        saved = form.carry_out(lambda: _save(request, term, form))
        if saved is not None:
            messages.success(request, f"{unescape(saved.name)} was saved.")
            return HttpResponseRedirect(reverse("admin:shop_term_change", args=(saved.pk,)))
    what = "category" if taxonomy == Taxonomy.CATEGORY else "tag"
    return site.show(
        request,
        FORM,
        f"Edit {unescape(term.name)}" if term else f"Add a {what}",
        intro=describe_origin(term),
        form=form,
        groups=bind(form, form.groups),
        choices=[
            {
                "title": title,
                "href": f"{reverse('admin:shop_term_add')}?taxonomy={value}",
                "is_chosen": value == taxonomy,
            }
            for value, title in Taxonomy.choices
        ]
        if term is None
        else [],
        choices_label="What to add",
        save="Save",
        back=reverse("admin:shop_term_change", args=(term.pk,)) if term else _get_list(taxonomy),
    )


def _save(request: HttpRequest, term: Term | None, form: TermForm) -> Term:
    found = form.cleaned_data
    parent_id = int(found.get("parent") or 0)
    with write(Topic.CATALOGUE):
        if term is None:
            above = Term.objects.filter(taxonomy=form.taxonomy, term_id=parent_id).first()
            made = add_term(
                Taxonomy(form.taxonomy),
                escape(found["name"]),
                found["slug"],
                parent=above,
                description=found["description"],
            )
            note(request, "added", made, compare({}, _describe(made)))
            return made
        before = _describe(term)
        term.name, term.slug = escape(found["name"]), found["slug"]
        term.description, term.parent_id = found["description"], parent_id
        save_term(term)
        if changes := compare(before, _describe(term)):
            note(request, "changed", term, changes)
    return term


def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, then removes a category or a tag."""
    _check(request)
    term = get_object_or_404(Term, pk=pk)
    form = PageForm(request.POST if request.method == "POST" else None)
    taxonomy, name = term.taxonomy, unescape(term.name)
    if form.is_valid() and form.attempt(lambda: _remove(request, term)):
        messages.success(request, f"{name} was removed.")
        return HttpResponseRedirect(_get_list(taxonomy))
    count = term.product_terms.count()
    products = (
        "No product has it." if not count else f"{count:,} product{'s have' if count > 1 else ' has'} it."
    )
    return site.show(
        request,
        FORM,
        f"Remove {name}",
        intro=(
            f"{products} The products stay, without it. What is below it moves up.",
            *describe_origin(term),
        ),
        form=form,
        save="Remove it",
        save_class="danger",
        back=reverse("admin:shop_term_change", args=(term.pk,)),
    )


def _remove(request: HttpRequest, term: Term) -> None:
    with write(Topic.CATALOGUE):
        note(request, "removed", term, compare(_describe(term), {}), title=unescape(term.name))
        delete_term(term)


def _describe(term: Term) -> dict[str, object]:
    return {
        "name": unescape(term.name),
        "slug": term.slug,
        "kind": term.get_taxonomy_display(),
        "below": term.parent_id or None,
        "description": term.description,
    }


def _check(request: HttpRequest) -> None:
    if not may(request.user, Capability.EDIT_PRODUCTS):
        raise PermissionDenied


def _get_list(taxonomy: str) -> str:
    return f"{reverse('admin:shop_term_changelist')}?taxonomy={taxonomy}"
