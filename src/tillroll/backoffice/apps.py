from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    name = "tillroll.backoffice"
    label = "backoffice"
