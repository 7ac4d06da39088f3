"""What Django serves; the health pages answer in front of it (health.py), the API beside it (wsgi.py)."""

from django.urls import path
from django.views.generic import RedirectView

from tillroll.backoffice import admin  # noqa: F401  (it puts the pages into the site)
from tillroll.backoffice.site import site

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", site.urls),
]
