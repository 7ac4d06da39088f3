"""The audit trail, and the rights to change products and orders for those of EDD's roles that have them there."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

EDITING = {
    "administrator": ("edit_others_products", "edit_shop_payments"),
    "shop_manager": ("edit_others_products", "edit_shop_payments"),
    "shop_accountant": ("edit_shop_payments",),
    "shop_worker": ("edit_others_products", "edit_shop_payments"),
}


def let_edit(apps: StateApps, _editor: BaseDatabaseSchemaEditor) -> None:
    get = apps.get_model
    given: dict[int, set[str]] = {}
    for role in get("access", "Role").objects.filter(slug__in=EDITING):
        role.capabilities = sorted({*role.capabilities, *EDITING[role.slug]})
        role.save(update_fields=("capabilities",))
        for user in get("access", "UserRole").objects.filter(role_id=role.slug).values_list("user_id", flat=True):
            given.setdefault(user, set()).update(EDITING[role.slug])
    for user, name in get("access", "UserCapability").objects.filter(is_granted=False, user_id__in=given).values_list(
        "user_id", "capability"
    ):
        given[user].discard(name)
    waiting = list(given.items())
    manager = get("access", "User").objects
    for start in range(0, len(waiting), 500):
        batch = dict(waiting[start : start + 500])
        users = list(manager.filter(wire_id__in=batch))
        for user in users:
            user.capabilities = " ".join(sorted({*user.capabilities.split(), *batch[user.wire_id]}))
        manager.bulk_update(users, ("capabilities",))


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0004_log_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('actor_id', models.BigIntegerField(blank=True, null=True)),
                ('actor_name', models.CharField(blank=True, max_length=250, verbose_name='who')),
                ('address', models.CharField(blank=True, max_length=60)),
                ('action', models.CharField(max_length=40)),
                ('kind', models.CharField(blank=True, max_length=60)),
                ('key', models.CharField(blank=True, max_length=60)),
                ('title', models.CharField(blank=True, max_length=250, verbose_name='what')),
                ('changes', models.JSONField(blank=True, default=list)),
            ],
            options={
                'verbose_name': 'change',
                'verbose_name_plural': 'changes',
                'indexes': [models.Index(fields=['at'], name='audit_at_idx'), models.Index(fields=['kind', 'key', 'at'], name='audit_record_idx'), models.Index(fields=['actor_id', 'at'], name='audit_actor_idx')],
            },
        ),
        migrations.RunPython(let_edit, migrations.RunPython.noop),
    ]
