"""The front door: the EDD API in front, Django for all the rest."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillroll.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402  (Django reads the settings when it is imported)

application = get_wsgi_application()
