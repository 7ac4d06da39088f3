"""EDD's six roles, so that a new shop can give rights from the start."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from tillroll.access.capabilities import ROLES


def make_roles(apps: StateApps, _editor: BaseDatabaseSchemaEditor) -> None:
    role = apps.get_model("access", "Role")
    for slug, (name, capabilities) in ROLES.items():
        role.objects.get_or_create(slug=slug, defaults={"name": name, "capabilities": list(capabilities)})


class Migration(migrations.Migration):
    dependencies = (("access", "0001_initial"),)
    operations = (migrations.RunPython(make_roles, migrations.RunPython.noop),)
