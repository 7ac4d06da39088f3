from django.contrib import admin
from django.urls import path

from tillroll.health import live, ready

urlpatterns = [
    path("healthz/live", live),
    path("healthz/ready", ready),
    path("admin/", admin.site.urls),
]
