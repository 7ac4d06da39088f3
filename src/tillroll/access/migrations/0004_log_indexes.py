"""Indexes of the request log by time: its list, its charts and its export are all in that order."""

from django.db import migrations, models

COUNTED = ("key_id", "status", "user_id", "endpoint", "version")
MODEL = "requestlogentry"


class Migration(migrations.Migration):
    dependencies = (("access", "0003_limits"),)
    operations = (
        *(
            migrations.RemoveIndex(MODEL, f"request_{name}_idx")
            for name in ("at", "user", "key", "status")
        ),
        *(
            migrations.AddIndex(MODEL, models.Index(fields=fields, name=f"request_{name}_idx"))
            for name, fields in (
                ("at", ("at", *COUNTED)),
                ("user", ("user_id", "at")),
                ("key", ("key_id", "at")),
                ("status", ("status", "at")),
            )
        ),
        migrations.AddIndex(
            MODEL,
            models.Index(
                fields=("at", *COUNTED),
                condition=models.Q(("status__gte", 400)) | ~models.Q(("error", "")),
                name="request_error_idx",
            ),
        ),
    )
