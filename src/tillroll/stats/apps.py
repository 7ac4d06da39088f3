from django.apps import AppConfig


class StatsConfig(AppConfig):
    name = "tillroll.stats"
    label = "stats"
    verbose_name = "Stats"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tillroll.stats import rollup

        rollup.follow_the_shop()
