"""The back office as one admin site of its own: its menu, its front page, and the door.

Who is logged in but may see nothing gets 403 and nothing else; who is not logged in gets the login form.
"""

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, reverse

from tillroll.access.capabilities import Capability
from tillroll.backoffice.dashboard import describe_shop
from tillroll.backoffice.login import LoginForm, log_in
from tillroll.backoffice.mirror import describe_mirror
from tillroll.backoffice.rights import OPENS, may, may_enter

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite as _Site
else:
    from unfold.sites import UnfoldAdminSite as _Site


class Entry(NamedTuple):
    """A line of the menu: a model's list (`shop_order`), or with `needs` a page by the name of its address,
    which any of these capabilities opens."""

    title: str
    icon: str
    page: str
    needs: tuple[Capability, ...] = ()
    query: str = ""
    """What the list is narrowed to."""


MENU: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("", (Entry("Dashboard", "space_dashboard", "index", tuple(OPENS)),)),
    (
        "Downloads",
        (
            Entry("All downloads", "deployed_code", "shop_product"),
            Entry("Categories", "category", "shop_term", query="taxonomy=download_category"),
            Entry("Tags", "label", "shop_term", query="taxonomy=download_tag"),
            Entry("Discounts", "sell", "shop_discount"),
        ),
    ),
    (
        "Sales",
        (
            Entry("Orders", "receipt_long", "shop_order"),
            Entry("Customers", "group", "shop_customer"),
            Entry("Reports", "bar_chart", "reports", (Capability.VIEW_SHOP_REPORTS,)),
        ),
    ),
    (
        "Logs",
        (
            Entry("API requests", "monitoring", "access_requestlogentry"),
            Entry("File downloads", "download", "shop_filedownload"),
            Entry("Changes", "history", "access_auditentry"),
        ),
    ),
    (
        "Users",
        (
            Entry("Users", "person", "access_user"),
            Entry("Roles", "badge", "access_role"),
        ),
    ),
    (
        "Tools",
        (
            Entry("API keys", "key", "access_apikey"),
            Entry("Import", "upload_file", "import", (Capability.MANAGE_SHOP_SETTINGS,)),
            Entry("Health", "health_and_safety", "health", (Capability.MANAGE_SHOP_SETTINGS,)),
        ),
    ),
    ("Shop", (Entry("Settings", "settings", "shop_shopsettings"),)),
)
"""Groups of lines in the order that EDD's users know."""

_UNUSED = frozenset(("password_change", "password_change_done", "view_on_site"))
"""Pages of the admin that write, or that nothing here leads to."""


class BackOffice(_Site):
    site_header = site_title = "Tillroll"
    index_title = "Dashboard"
    index_template = "backoffice/index.html"
    enable_nav_sidebar = True
    login_form = LoginForm
    own_pages: ClassVar[list[URLPattern]] = []
    """Pages that are of no kind of record; their modules add them."""

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter(request.user)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        guarded = super().admin_view(view, cacheable)

        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and not self.has_permission(request):
                if request.path == reverse("admin:logout"):
                    response: HttpResponseBase = view(request, *args, **kwargs)
                    return response
                raise PermissionDenied
            answered: HttpResponseBase = guarded(request, *args, **kwargs)
            return answered

        return answer

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Without the admin's own pages for passwords, which `tillroll user password` sets; with the pages
        that are of no kind of record."""
        kept = [url for url in super().get_urls() if getattr(url, "name", None) not in _UNUSED]
        return [*self.own_pages, *kept]

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The login form, which asks for a code as well where there is a second factor."""
        return log_in(self, request, extra_context)

    def show(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        """A page of our own in the back office's frame; for those who may see nothing else there, the frame
        leads to their own account and keys."""
        request.current_app = self.name
        frame = self.each_context(request)
        if not frame["has_permission"]:
            own = (("My account", "person", "account"), ("My API keys", "key", "own_keys"))
            pages = [
                {
                    "title": name,
                    "icon": icon,
                    "link": reverse(f"admin:{page}"),
                    "active": request.path.startswith(reverse(f"admin:{page}")),
                    "has_permission": True,
                }
                for name, icon, page in own
            ]
            frame |= {"has_permission": True, "sidebar_navigation": [{"title": "Account", "items": pages}]}
        return TemplateResponse(request, template, {**frame, "title": title, **context})

    def search(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Every page's template names it, but the menu is short and each list has its own search."""
        raise Http404

    def each_context(self, request: HttpRequest) -> Any:
        context = super().each_context(request)
        # The theme's colours are in a stylesheet: the content policy allows no styles inside the page.
        context["colors"] = {}
        context["border_radius"] = None
        context["styles"] = [
            static("backoffice/theme.css"),
            static("backoffice/forms.css"),
            static("backoffice/charts.css"),
        ]
        context["scripts"] = [static("backoffice/quiet.js")]
        context["mirror"] = describe_mirror(request)
        if context["mirror"]:
            context["environment"] = (context["mirror"].badge, context["mirror"].colour)
        context["site_favicons"] = [{"rel": "icon", "href": static("backoffice/icon.svg")}]
        context["account_links"] = [
            {"title": "Dashboard", "link": reverse("admin:index")},
            {"title": "My account", "link": reverse("admin:account")},
            {"title": "My API keys", "link": reverse("admin:own_keys")},
        ]
        return context

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """The dashboard."""
        return super().index(request, {**describe_shop(request), **(extra_context or {})})

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The menu's groups with what the user may see; a group with nothing in it is left out."""
        groups = ((title, self._list_entries(request, entries)) for title, entries in MENU)
        return [{"title": title, "items": entries} for title, entries in groups if entries]

    def _list_entries(self, request: HttpRequest, entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
        if isinstance(request.user, AnonymousUser):
            return []
        admins = {
            f"{model._meta.app_label}_{model._meta.model_name}": page
            for model, page in self._registry.items()
        }
        found = []
        for entry in entries:
            is_seen = (
                may(request.user, *entry.needs)
                if entry.needs
                else admins[entry.page].has_view_permission(request)
            )
            if is_seen:
                here = reverse(f"admin:{entry.page}" if entry.needs else f"admin:{entry.page}_changelist")
                found.append(
                    {
                        "title": entry.title,
                        "icon": entry.icon,
                        "link": f"{here}?{entry.query}" if entry.query else here,
                        "active": _is_at(request, here, entry.query),
                        "has_permission": True,
                    }
                )
        return found


def _is_at(request: HttpRequest, here: str, query: str) -> bool:
    """Whether a line of the menu leads to where one is, or to the list of the record that one looks at."""
    if here == reverse("admin:index"):
        return request.path == here
    return request.path.startswith(here) and (not query or query in request.META.get("QUERY_STRING", ""))


site = BackOffice(name="admin")
