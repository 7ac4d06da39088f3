"""Tools > Import: a dump is uploaded, a worker takes it over, and a page shows how far it is and what it did.

The form's file is large, so who sends it is asked for first, then its size, and only then is it read.
"""

import re
import shutil
from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tillroll.access.addresses import get_client_address
from tillroll.access.capabilities import Capability
from tillroll.backoffice.forms import PageForm, text
from tillroll.backoffice.rights import get_actor, may
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.backoffice.uploads import DumpHandler, describe_limit, get_limit, refuse_large
from tillroll.intake.models import ImportRun, ImportState
from tillroll.intake.runs import cancel_run, find_obstacle, is_worked_on, note_stopped, start_run
from tillroll.shop.models import Source, SourceKind
from tillroll.shop.text import fold_case

MOST_RUNS = 20
"""Imports that the page lists, the latest ones."""

AROUND = 100_000
"""Bytes that a form has around its file, at the most."""

SPARE = 2
"""So many times its size a dump needs on the disk: itself, and what is read of it."""

READING = 80
STAGES = {"": 0, "joining": 84, "comparing": 98}
WRITING = 90
"""Where the bar stands, in per cent: reading takes it to READING."""

_PREFIX = re.compile(r"[A-Za-z0-9_$]+")
ENDINGS = (".sql", ".sql.gz")


class ImportForm(PageForm):
    dump = forms.FileField(
        label="Dump",
        help_text="A .sql or .sql.gz file of the whole database, as mysqldump or phpMyAdmin writes it.",
        widget=forms.FileInput(attrs={"accept": ".sql,.gz", "class": "file"}),
        max_length=250,
        error_messages={
            "required": "Choose a dump, a .sql or .sql.gz file.",
            "invalid": "Choose a dump, a .sql or .sql.gz file.",
            "empty": "The file is empty; dump the database again.",
            "max_length": "The file's name is too long; at most 250 characters are taken.",
        },
    )
    prefix = text(
        "Table prefix",
        "Only for a dump that holds several shops, such as wp_2_. Otherwise it is found by itself.",
        autocomplete="off",
        spellcheck="false",
    )

    def clean_dump(self) -> Any:
        found = self.cleaned_data["dump"]
        if not fold_case(found.name).endswith(ENDINGS):
            raise ValidationError(f"{found.name} is no dump: a .sql or .sql.gz file is wanted.")
        return found

    def clean_prefix(self) -> str:
        prefix: str = self.cleaned_data["prefix"]
        if prefix and not _PREFIX.fullmatch(prefix):
            raise ValidationError(
                "A prefix has letters, digits and underscores, such as wp_2_; or leave it empty."
            )
        return prefix


def _for_managers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """A page for those who run the shop."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may(request.user, Capability.MANAGE_SHOP_SETTINGS):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    # the form's token is in the form, which is not read before it is known who sends it
    answer.csrf_exempt = True  # type: ignore[attr-defined]
    guarded: Any = site.admin_view(never_cache(answer))
    guarded.csrf_exempt = True
    return guarded  # type: ignore[no-any-return]


@_for_managers
@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest) -> HttpResponse:
    """The form, and the latest imports; with a file, the import begins."""
    if request.method == "GET":
        return _show_form(request)
    if problem := _refuse_early(request):
        return _show_form(request, problem, status=413)
    handler = DumpHandler(request)
    request.upload_handlers = [handler]
    try:
        return _take(request, handler)
    finally:
        handler.discard()


def _refuse_early(request: HttpRequest) -> str:
    """Why a file is not even read."""
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    if size > get_limit() + AROUND:
        return refuse_large()
    if shutil.disk_usage(settings.TILLROLL_HOME).free < size * SPARE:
        return "The server's disk has no room for this file and what is read of it; make some first."
    return ""


@csrf_protect
def _take(request: HttpRequest, handler: DumpHandler) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES)
    if handler.problem:
        return _show_form(request, handler.problem, status=413)
    if form.is_valid() and handler.path is not None:
        path = handler.path

        def start() -> ImportRun:
            return start_run(
                path,
                file_name=form.cleaned_data["dump"].name,
                prefix=form.cleaned_data["prefix"],
                actor=get_actor(request),
                address=get_client_address(request.META),
            )

        run = form.carry_out(start)
        if run is not None:
            handler.keep()
            note(request, "started an import", title=run.file_name)
            return HttpResponseRedirect(reverse("admin:import_run", args=(run.pk,)))
    return _show_form(request, form=form)


def _show_form(
    request: HttpRequest, problem: str = "", *, form: ImportForm | None = None, status: int = 200
) -> HttpResponse:
    form = form or ImportForm()
    if problem:
        form = ImportForm({"prefix": ""})
        form.full_clean()
        form.errors.clear()
        form.add_error("dump", problem)
    user = get_actor(request)
    response = site.show(
        request,
        "backoffice/import.html",
        "Import",
        form=form,
        obstacle="" if form.errors else find_obstacle(),
        has_demo=Source.objects.filter(kind=SourceKind.DEMO).exists(),
        is_demo=user.is_demo,
        limit=get_limit(),
        too_large=refuse_large(),
        limit_text=describe_limit(),
        runs=list(ImportRun.objects.defer("summary").order_by("-created_at", "-pk")[:MOST_RUNS]),
    )
    response.status_code = status
    return response


@_for_managers
@require_GET
def run_page(request: HttpRequest, pk: int) -> HttpResponse:
    """How far an import is; then what it did, or why it did nothing."""
    run = _find(pk)
    return site.show(
        request,
        "backoffice/import_run.html",
        f"Import of {run.file_name}",
        run=run,
        progress=_describe(run),
        is_stuck=run.state == ImportState.WAITING and not is_worked_on(run.host),
    )


@_for_managers
@require_GET
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far an import is, for the script of its page."""
    return JsonResponse(_describe(_find(pk)))


@_for_managers
@require_POST
@csrf_protect
def cancel_page(request: HttpRequest, pk: int) -> HttpResponse:
    run = _find(pk)
    if cancel_run(run):
        note(request, "cancelled an import", title=run.file_name)
    else:
        messages.error(request, "It had begun already, and goes on.")
    return HttpResponseRedirect(reverse("admin:import_run", args=(pk,)))


def _find(pk: int) -> ImportRun:
    note_stopped()
    return get_object_or_404(ImportRun, pk=pk)


def _describe(run: ImportRun) -> dict[str, object]:
    """A run as the bar shows it, in words."""
    if run.state == ImportState.WAITING:
        percent, stage = 0, "waiting for the worker"
    elif run.stage == "reading":
        percent, stage = READING * run.bytes_read // max(run.size, 1), run.stage
    else:
        percent, stage = STAGES.get(run.stage, WRITING), run.stage or "beginning"
    return {
        "is_open": bool(run.is_open),
        "percent": percent if run.is_open else 100,
        "stage": stage,
        "read": f"{run.bytes_read / 1_000_000:,.1f} of {run.size / 1_000_000:,.1f} MB",
        "rows": f"{run.rows_read:,}",
    }


urls = [
    path("import/", import_page, name="import"),
    path("import/<int:pk>/", run_page, name="import_run"),
    path("import/<int:pk>/progress/", progress, name="import_progress"),
    path("import/<int:pk>/cancel/", cancel_page, name="import_cancel"),
]
site.own_pages.extend(urls)
