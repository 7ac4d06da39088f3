"""The only reader of the environment. Every setting has a default that works; docs/settings.md lists them.

The folder TILLROLL_HOME holds the databases, the secrets and what else a shop needs to keep.
"""

import os
from pathlib import Path

from tillroll.databases import Description, describe_postgresql, describe_sqlite
from tillroll.mail_settings import read_mail, read_public_url
from tillroll.secret_file import load_secrets

_PROJECT = Path(__file__).resolve().parents[2]
_DEFAULT_HOME = (
    _PROJECT / "var" if (_PROJECT / "pyproject.toml").is_file() else Path.home() / ".local/share/tillroll"
)


def _database(variable: str, path: Path, synchronous: str) -> Description:
    """The store whose address a variable holds; without one, an SQLite file."""
    if url := os.environ.get(variable, "").strip():
        return describe_postgresql(url, variable, prepare=PREPARED_STATEMENTS)
    return describe_sqlite(path, synchronous=synchronous, timeout=WRITE_TIMEOUT)


def _replicas(variable: str) -> dict[str, Description]:
    """The replicas of the shop's PostgreSQL, as replica1, replica2 and so on."""
    urls = os.environ.get(variable, "").replace(",", " ").split()
    if urls and not os.environ.get("TILLROLL_DATABASE_URL", "").strip():
        from django.core.exceptions import ImproperlyConfigured

        raise ImproperlyConfigured(
            f"{variable} names replicas of a PostgreSQL; set TILLROLL_DATABASE_URL to their primary."
        )
    described = {
        f"replica{number}": describe_postgresql(url, variable, prepare=PREPARED_STATEMENTS)
        for number, url in enumerate(urls, 1)
    }
    for description in described.values():
        description["OPTIONS"].setdefault("connect_timeout", "3")
        description["TEST"] = {"MIRROR": "default"}
    return described


def _flag(name: str, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").strip().lower() in ("1", "true", "on", "yes")


def _words(name: str) -> list[str]:
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def _number(name: str, default: int, least: int = 1) -> int:
    """A whole number from `least` up; the default where nothing is given."""
    given = os.environ.get(name, "").strip()
    if given and not (given.isascii() and given.isdigit() and int(given) >= least):
        from django.core.exceptions import ImproperlyConfigured

        raise ImproperlyConfigured(f"{name} takes a whole number from {least} up, not {given}.")
    return int(given or default)


def _redis_url(name: str) -> str:
    url = os.environ.get(name, "").strip()
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        from django.core.exceptions import ImproperlyConfigured

        raise ImproperlyConfigured(
            f"{name} takes the address of a Redis, redis://:password@host:6379/0; leave it empty for none."
        )
    return url


TILLROLL_HOME = Path(os.environ.get("TILLROLL_HOME") or _DEFAULT_HOME).expanduser().absolute()
"""The folder of databases and files."""

WRITE_TIMEOUT = 20
"""Seconds that a write waits for another: longer than any batch holds the lock, shorter than a client's
patience."""

_secrets = load_secrets(
    TILLROLL_HOME / "secrets",
    secret_key=os.environ.get("TILLROLL_SECRET_KEY", ""),
    key_pepper=os.environ.get("TILLROLL_KEY_PEPPER", ""),
    old_key_peppers=_words("TILLROLL_OLD_KEY_PEPPERS"),
)
SECRET_KEY = _secrets.secret_key
KEY_PEPPER = _secrets.key_pepper
"""The key under which the digests of API tokens are made."""

OLD_KEY_PEPPERS = _secrets.old_key_peppers
"""Peppers of before: they open what they closed, and a digest is renewed when its token is next seen."""

DEBUG = _flag("TILLROLL_DEBUG", False)
ALLOWED_HOSTS = _words("TILLROLL_ALLOWED_HOSTS") or ["*"]
"""Hosts that the back office answers to; the API answers to any."""

CSRF_TRUSTED_ORIGINS = _words("TILLROLL_TRUSTED_ORIGINS")
"""Origins (https://shop.example) whose forms are accepted when a proxy changes the host."""

TRUSTED_PROXIES = _words("TILLROLL_TRUSTED_PROXIES")
"""Addresses or networks of proxies; only their X-Forwarded-For counts."""

PATH_PREFIX = (
    "/" + os.environ.get("TILLROLL_PATH_PREFIX", "").strip("/")
    if os.environ.get("TILLROLL_PATH_PREFIX", "").strip("/")
    else ""
)
"""Where the shop lives below its host, such as /shop."""

PREPARED_STATEMENTS = _flag("TILLROLL_PREPARED_STATEMENTS", True)
"""Whether PostgreSQL keeps the plans of the API's statements. Switch it off behind a PgBouncer that gives out
connections by the transaction, where it does not follow them (max_prepared_statements)."""

DATABASES = {
    "default": _database("TILLROLL_DATABASE_URL", TILLROLL_HOME / "tillroll.sqlite3", "FULL"),
    "logs": _database("TILLROLL_LOGS_URL", TILLROLL_HOME / "logs.sqlite3", "NORMAL"),
    **_replicas("TILLROLL_REPLICA_URLS"),
}
REPLICA_ALIASES = tuple(alias for alias in DATABASES if alias.startswith("replica"))
"""PostgreSQLs that follow the first one, from which the API reads while they are current."""

MIRROR_PASSWORD = os.environ.get("TILLROLL_MIRROR_PASSWORD")
"""The password of the database user by whom `tillroll mirror` reads its source."""

REPLICA_MAX_LAG = _number("TILLROLL_REPLICA_MAX_LAG", 5)
"""Seconds by which an answer from a replica may be behind the primary at the most."""

DATABASE_ROUTERS = ["tillroll.routing.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "tillroll.backoffice",  # its templates go before those of the two below
    "unfold",
    "django.contrib.admin.apps.SimpleAdminConfig",  # urls.py asks for the pages: a command needs none
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "tillroll.shop",
    "tillroll.access",
    "tillroll.stats",
    "tillroll.intake",
    "django_tasks",
    "django_tasks_db",
]
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}
"""What `tillroll worker` does; each host has a queue of its own besides (intake/host.py)."""
MIDDLEWARE = [
    "tillroll.health.probes",
    "django.middleware.security.SecurityMiddleware",
    "tillroll.backoffice.policy.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tillroll.access.backends.demo_stays_here",
    "django.contrib.messages.middleware.MessageMiddleware",
    "tillroll.access.sessions.end_idle",
    "tillroll.backoffice.demanded.second_factor_first",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "tillroll.urls"
WSGI_APPLICATION = "tillroll.wsgi.application"

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "tillroll.access.backends.Gate",  # refuses who guessed too often, before a password is looked at
    "tillroll.access.backends.ShopBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
FORMAT_MODULE_PATH = "tillroll.backoffice.formats"

STATIC_URL = f"{PATH_PREFIX}/static/"
WHITENOISE_STATIC_PREFIX = "/static/"
STATIC_ROOT = TILLROLL_HOME / "static"
WHITENOISE_USE_FINDERS = True

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _flag("TILLROLL_HTTPS", False)
"""Cookies over HTTPS only; switch it on behind TLS."""
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None

WORKER_THREADS = _number("TILLROLL_THREADS", 4 if os.environ.get("TILLROLL_DATABASE_URL") else 2)
"""Threads of a worker: two keep one core busy with SQLite, four wait for PostgreSQL."""

DATABASE_POOL = _number("TILLROLL_DATABASE_POOL", WORKER_THREADS + 2, least=WORKER_THREADS + 1)
"""Connections that a worker may hold to each PostgreSQL: one for each thread, one for what runs behind the
answers, and one for a thread that needs a second."""

WORKERS = _number("TILLROLL_WORKERS", 1)
"""Processes that share this machine's requests; `serve --workers` says so to each of them."""

SHOP_KEY = os.environ.get("TILLROLL_SHOP_KEY", "")
SHOP_TOKEN = os.environ.get("TILLROLL_SHOP_TOKEN", "")
"""A key of another shop and its token, for `tillroll pull` and `compare`: a command line would show them."""

MOVE_PASSWORD = os.environ.get("TILLROLL_MOVE_PASSWORD", "")
"""The password of the PostgreSQL that `tillroll move` copies to, so that it need not be in a command line."""


CACHE_MEGABYTES = _number("TILLROLL_CACHE_MEGABYTES", 32, least=0)
"""Encoded answers that a worker keeps for the next who asks the same; 0 keeps none."""

REDIS_URL = _redis_url("TILLROLL_REDIS_URL")
"""A Redis that all workers count requests a minute in; without one each worker gets its share of a rate."""

FAILED_TRIES_A_MINUTE = _number("TILLROLL_FAILED_TRIES", 60)
"""Unknown keys and wrong tokens that one address may send in a minute, before it is told to wait."""

FAILED_LOGINS = 10
FAILED_LOGIN_MINUTES = 15
"""So many wrong passwords from one address, none of them older than so many minutes; then it has to wait."""

AXES_HANDLER = "tillroll.access.attempts.Attempts"
AXES_FAILURE_LIMIT = "tillroll.access.attempts.get_limit"
AXES_COOLOFF_TIME = "tillroll.access.attempts.get_cool_off"
AXES_LOCKOUT_PARAMETERS = "tillroll.access.attempts.list_counted"
AXES_CLIENT_IP_CALLABLE = "tillroll.access.attempts.get_address"
AXES_USERNAME_CALLABLE = "tillroll.access.attempts.get_name"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken", "present"]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SILENCED_SYSTEM_CHECKS = ["axes.W002", "axes.W006"]
"""Who waits is told so by the login form, so axes' middleware is not needed; and it counts by address
where one is known."""

SESSION_IDLE_MINUTES = _number("TILLROLL_SESSION_IDLE_MINUTES", 60)
"""After so many minutes without a page a login ends: a browser that somebody left is of no use to others."""

SESSION_HOURS = _number("TILLROLL_SESSION_HOURS", 12)
"""After so many hours a login ends, however busy it is."""

SESSION_COOKIE_AGE = SESSION_HOURS * 3600

INVITATION_DAYS = 7
RESET_HOURS = 24
"""How long a link counts that lets somebody choose a first password, and a new one."""

_mail = read_mail(os.environ.get("TILLROLL_EMAIL_URL", ""), os.environ.get("TILLROLL_EMAIL_FROM", ""))
EMAIL_BACKEND = _mail.backend
EMAIL_HOST = _mail.host
EMAIL_PORT = _mail.port
EMAIL_HOST_USER = _mail.user
EMAIL_HOST_PASSWORD = _mail.password
EMAIL_USE_TLS = _mail.use_tls
EMAIL_USE_SSL = _mail.use_ssl
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = _mail.sender
SENDS_MAIL = _mail.is_on
"""Whether links to choose a password go out by e-mail as well."""

PUBLIC_URL = read_public_url(
    os.environ.get("TILLROLL_PUBLIC_URL", "") or next(iter(CSRF_TRUSTED_ORIGINS), ""), is_needed=SENDS_MAIL
)
"""Where the shop is reached, https://shop.example: a link in a mail must not begin with whatever host a
stranger asked for."""

LOG_FLUSH_SECONDS = 0.5
"""How long a line of the request log may wait to be written: with the writing itself, a worker that is killed
takes less than the last second along."""

LOG_FLUSH_LINES = 2_000
"""How many lines wait before they are written at once: so many that a busy worker writes once a second."""

UPLOAD_MEGABYTES = _number("TILLROLL_UPLOAD_MEGABYTES", 10_000)
"""How large a dump the import page takes, in millions of bytes."""

FILE_UPLOAD_HANDLERS = ["tillroll.backoffice.uploads.RefuseFiles"]
"""No page takes a file but the one for imports, which sees to it itself."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("TILLROLL_LOG_LEVEL", "WARNING").upper()},
}

UNFOLD = {
    "SITE_TITLE": "Tillroll",
    "SITE_HEADER": "Tillroll",
    "SITE_SYMBOL": "receipt_long",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
}
