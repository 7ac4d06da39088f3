from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "tillroll.access"
    label = "access"
    verbose_name = "Access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tillroll.access import jobs  # noqa: F401  (puts them into the background)
