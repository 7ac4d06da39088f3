"""The back office as one admin site of its own: its menu, its front page, and the door.

Who is logged in but may see nothing gets 403 and nothing else; who is not logged in gets the login form.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, reverse

from tillroll.backoffice.login import LoginForm
from tillroll.backoffice.mirror import describe_mirror
from tillroll.backoffice.rights import may_enter

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite as _Site
else:
    from unfold.sites import UnfoldAdminSite as _Site

MENU: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Sales",
        (
            ("Orders", "receipt_long", "shop_order"),
            ("Customers", "group", "shop_customer"),
            ("Discounts", "sell", "shop_discount"),
        ),
    ),
    (
        "Catalogue",
        (
            ("Products", "deployed_code", "shop_product"),
            ("Categories and tags", "label", "shop_term"),
        ),
    ),
    (
        "Users",
        (("Users", "person", "access_user"),),
    ),
    (
        "Logs",
        (
            ("API requests", "monitoring", "access_requestlogentry"),
            ("File downloads", "download", "shop_filedownload"),
        ),
    ),
    (
        "Tools",
        (
            ("API keys", "key", "access_apikey"),
            ("Roles", "badge", "access_role"),
        ),
    ),
    ("Shop", (("Settings", "settings", "shop_shopsettings"),)),
)
"""Groups of (title, icon, model) in the order in which a shop is run."""

_UNUSED = frozenset(("password_change", "password_change_done", "view_on_site"))
"""Pages of the admin that write, or that nothing here leads to."""


class BackOffice(_Site):
    site_header = site_title = "Tillroll"
    index_title = "Overview"
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
        """The login form; 429 where the address has to wait."""
        response = super().login(request, extra_context)
        if isinstance(response, TemplateResponse):
            wait = getattr((response.context_data or {}).get("form"), "wait", 0)
            if wait:
                response.status_code = 429
                response.headers["Retry-After"] = str(wait)
        return response

    def show(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        """A page of our own in the back office's frame; for those who may see nothing else there, the frame
        leads to their own keys."""
        request.current_app = self.name
        frame = self.each_context(request)
        if not frame["has_permission"]:
            keys = {"title": "My API keys", "icon": "key", "link": reverse("admin:own_keys")}
            page = {**keys, "active": True, "has_permission": True}
            frame |= {"has_permission": True, "sidebar_navigation": [{"title": "Account", "items": [page]}]}
        return TemplateResponse(request, template, {**frame, "title": title, **context})

    def search(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Every page's template names it, but the menu is short and each list has its own search."""
        raise Http404

    def each_context(self, request: HttpRequest) -> Any:
        context = super().each_context(request)
        # The theme's colours are in a stylesheet: the content policy allows no styles inside the page.
        context["colors"] = {}
        context["border_radius"] = None
        context["styles"] = [static("backoffice/theme.css"), static("backoffice/forms.css")]
        context["scripts"] = [static("backoffice/quiet.js")]
        context["mirror"] = describe_mirror(request)
        if context["mirror"]:
            context["environment"] = (context["mirror"].badge, context["mirror"].colour)
        context["site_favicons"] = [{"rel": "icon", "href": static("backoffice/icon.svg")}]
        context["account_links"] = [
            {"title": "Overview", "link": reverse("admin:index")},
            {"title": "My API keys", "link": reverse("admin:own_keys")},
        ]
        return context

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The menu's groups with what the user may see; a group with nothing in it is left out."""
        groups = ((title, self._list_pages(request, pages)) for title, pages in MENU)
        return [{"title": title, "items": pages} for title, pages in groups if pages]

    def _list_pages(
        self, request: HttpRequest, pages: tuple[tuple[str, str, str], ...]
    ) -> list[dict[str, Any]]:
        if isinstance(request.user, AnonymousUser):
            return []
        admins = {
            f"{model._meta.app_label}_{model._meta.model_name}": page
            for model, page in self._registry.items()
        }
        found = []
        for title, icon, name in pages:
            if admins[name].has_view_permission(request):
                link = reverse(f"admin:{name}_changelist")
                found.append(
                    {
                        "title": title,
                        "icon": icon,
                        "link": link,
                        "active": request.path.startswith(link),
                        "has_permission": True,
                    }
                )
        return found


site = BackOffice(name="admin")
