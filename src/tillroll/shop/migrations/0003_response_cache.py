import secrets
from typing import Any

from django.db import migrations, models


def number_store(apps: Any, schema_editor: Any) -> None:
    apps.get_model("shop", "Revision").objects.using(schema_editor.connection.alias).get_or_create(
        topic="store", defaults={"number": secrets.randbits(62)}
    )


class Migration(migrations.Migration):

    dependencies = [
        ('shop', '0002_keys_and_log'),
    ]

    operations = [
        migrations.AddField(
            model_name='revision',
            name='changed_at',
            field=models.BigIntegerField(default=0, help_text='Seconds since 1970; 0 for never.'),
        ),
        migrations.AddField(
            model_name='shopsettings',
            name='public_max_age',
            field=models.PositiveIntegerField(default=0, help_text='Seconds for which public products may be kept without asking again, by anybody; 0: none.'),
        ),
        migrations.RunPython(number_store, migrations.RunPython.noop),
    ]
