"""The shop's own settings: one row, changed through the services."""

from django.db import models


class Dialect(models.TextChoices):
    """Which generation of EDD clients is answered; see docs/dialects.md."""

    DOCUMENTED = "documented", "As the published API reference shows"
    EDD3 = "edd3", "As EDD 3 answers"


class AutoKeys(models.TextChoices):
    """For whom a key is made when the user is."""

    NOBODY = "nobody", "Nobody"
    EVERYBODY = "everybody", "Everybody"
    ROLES = "roles", "Users of chosen roles"


class ShopSettings(models.Model):
    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=255, default="My shop", help_text="The shop's name.")
    url = models.CharField(
        "URL", max_length=255, default="http://localhost", help_text="The shop's home page."
    )
    timezone = models.CharField(
        max_length=64,
        default="UTC",
        help_text="By name (Europe/Paris) or as an offset (+05:30). It decides days.",
    )
    week_start = models.SmallIntegerField(
        default=1, help_text="0 is Sunday, 1 Monday, … (documented dialect)."
    )
    currency = models.CharField(max_length=20, default="USD")
    currency_position = models.CharField(max_length=10, default="before", help_text="before or after")
    decimal_separator = models.CharField(max_length=5, default=".")
    thousands_separator = models.CharField(max_length=5, default=",", blank=True)
    skus_enabled = models.BooleanField(
        "SKUs enabled", default=False, help_text="Products show their SKU (v2)."
    )
    sequential_numbers = models.BooleanField(default=False, help_text="Sales show their order number as ID.")
    taxes_enabled = models.BooleanField(default=False)
    prices_include_tax = models.BooleanField(default=False)
    test_mode = models.BooleanField(default=False)
    dialect = models.CharField(max_length=20, choices=Dialect.choices, default=Dialect.DOCUMENTED)
    default_version = models.CharField(
        max_length=2,
        choices=(("v1", "v1"), ("v2", "v2")),
        default="v1",
        help_text="What unversioned URLs answer (edd3 dialect).",
    )
    edd_version = models.CharField(
        "EDD version", max_length=40, blank=True, help_text="What `info` says; the source shop's."
    )
    open_download_logs = models.BooleanField(
        default=False, help_text="Any key may read file-download-logs, addresses included."
    )
    query_credentials = models.BooleanField(default=True, help_text="key and token are taken from the query.")
    log_requests = models.BooleanField(default=True, help_text="Keep a log of API requests that name a key.")
    log_public_requests = models.BooleanField(default=False, help_text="Log public product requests too.")
    cors_origins = models.JSONField(
        "CORS origins", default=list, blank=True, help_text="Origins that browsers may call from."
    )
    public_max_age = models.PositiveIntegerField(
        default=0,
        help_text="Seconds for which public products may be kept without asking again, by anybody; 0: none.",
    )
    mirror_max_age = models.PositiveIntegerField(
        default=0,
        help_text="Seconds after which a mirrored shop's API refuses to answer from old records; 0: never.",
    )
    log_keep_days = models.PositiveIntegerField(
        default=90, help_text="Days after which lines of the request log are removed; 0 keeps them."
    )
    log_keep_megabytes = models.PositiveIntegerField(
        default=1000, help_text="About how large the request log may grow; the oldest lines go first. 0: any."
    )
    user_keys_allowed = models.BooleanField(default=False, help_text="Users may make their own API key.")
    auto_keys = models.CharField(
        max_length=10,
        choices=AutoKeys.choices,
        default=AutoKeys.NOBODY,
        help_text="New users for whom a key is made: nobody, everybody, or roles.",
    )
    auto_key_roles = models.JSONField(
        default=list, blank=True, help_text="The roles whose new users get a key (with auto_keys: roles)."
    )

    class Meta:
        verbose_name = "shop settings"
        verbose_name_plural = "shop settings"
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="settings_one_row"),)

    def __str__(self) -> str:
        return self.name
