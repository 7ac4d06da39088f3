from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "tillroll.access"
    label = "access"
    verbose_name = "Access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tillroll.access import jobs  # noqa: F401  (puts them into the background)
        from tillroll.access.merging import follow_merged_customer
        from tillroll.shop.services import on_customers_merged

        on_customers_merged(follow_merged_customer)
