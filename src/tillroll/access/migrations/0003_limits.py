"""Limits of roles and keys, and counters. Users get their roles' names beside their capabilities."""

from collections import defaultdict

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def note_roles(apps: StateApps, _editor: BaseDatabaseSchemaEditor) -> None:
    held = defaultdict(list)
    for user, role in apps.get_model("access", "UserRole").objects.order_by("role_id").values_list("user_id", "role_id"):
        held[user].append(role)
    waiting = list(held.items())
    manager = apps.get_model("access", "User").objects
    for start in range(0, len(waiting), 500):
        batch = dict(waiting[start : start + 500])
        users = list(manager.filter(wire_id__in=batch))
        for user in users:
            user.role_slugs = "\n".join(batch[user.wire_id])
        manager.bulk_update(users, ("role_slugs",))


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0002_roles'),
        ('shop', '0002_keys_and_log'),
    ]

    operations = [
        migrations.CreateModel(
            name='Counter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=100)),
                ('period', models.CharField(max_length=20)),
                ('used', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='KeyUse',
            fields=[
                ('key_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('address', models.CharField(blank=True, max_length=60)),
            ],
        ),
        migrations.AddField(
            model_name='apikey',
            name='bearer_digest',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='apikey',
            name='bearer_pepper_id',
            field=models.CharField(blank=True, default='', max_length=16),
        ),
        migrations.AddField(
            model_name='apikey',
            name='customer_id',
            field=models.BigIntegerField(blank=True, help_text="A buyer's key sees this customer's own records alone.", null=True, verbose_name='customer'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='endpoints',
            field=models.TextField(blank=True, default='', help_text='The endpoints allowed; empty: all.'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='expires_at',
            field=models.DateTimeField(blank=True, help_text='In UTC. Empty: never.', null=True, verbose_name='expires'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='hidden_fields',
            field=models.TextField(blank=True, default='', help_text='Kinds of personal data that come out empty.'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='meter_id',
            field=models.BigIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='networks',
            field=models.TextField(blank=True, default='', help_text='IP addresses and networks (203.0.113.0/24) between spaces. Empty: any.', verbose_name='addresses allowed'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='quota_day',
            field=models.PositiveIntegerField(blank=True, help_text="The shop's days. Empty: as many as one likes.", null=True, verbose_name='requests a day'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='quota_month',
            field=models.PositiveIntegerField(blank=True, help_text="The shop's months. Empty: as many as one likes.", null=True, verbose_name='requests a month'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='rate_minute',
            field=models.PositiveIntegerField(blank=True, help_text='Empty: as many as one likes.', null=True, verbose_name='requests a minute'),
        ),
        migrations.AddField(
            model_name='role',
            name='endpoints',
            field=models.TextField(blank=True, default='', help_text='The endpoints allowed; empty: all.'),
        ),
        migrations.AddField(
            model_name='role',
            name='hidden_fields',
            field=models.TextField(blank=True, default='', help_text='Kinds of personal data that come out empty.'),
        ),
        migrations.AddField(
            model_name='role',
            name='quota_day',
            field=models.PositiveIntegerField(blank=True, help_text="The shop's days. Empty: as many as one likes.", null=True, verbose_name='requests a day'),
        ),
        migrations.AddField(
            model_name='role',
            name='quota_month',
            field=models.PositiveIntegerField(blank=True, help_text="The shop's months. Empty: as many as one likes.", null=True, verbose_name='requests a month'),
        ),
        migrations.AddField(
            model_name='role',
            name='rate_minute',
            field=models.PositiveIntegerField(blank=True, help_text='Empty: as many as one likes.', null=True, verbose_name='requests a minute'),
        ),
        migrations.AddField(
            model_name='user',
            name='is_service',
            field=models.BooleanField(default=False, help_text='Holds API keys alone: nobody logs in with it.', verbose_name='service account'),
        ),
        migrations.AddField(
            model_name='user',
            name='role_slugs',
            field=models.TextField(blank=True, editable=False, help_text='One a line; kept.'),
        ),
        migrations.AlterField(
            model_name='apikey',
            name='label',
            field=models.CharField(blank=True, help_text='What it is for.', max_length=100),
        ),
        migrations.AddIndex(
            model_name='apikey',
            index=models.Index(condition=models.Q(('customer_id__isnull', False)), fields=['customer_id'], name='api_key_customer_idx'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('bearer_digest', ''), ('bearer_pepper_id', '')), models.Q(models.Q(('bearer_digest', ''), _negated=True), models.Q(('bearer_pepper_id', ''), _negated=True)), _connector='OR'), name='api_key_bearer_whole'),
        ),
        migrations.AddIndex(
            model_name='counter',
            index=models.Index(fields=['period'], name='counter_period_idx'),
        ),
        migrations.AddConstraint(
            model_name='counter',
            constraint=models.UniqueConstraint(fields=('subject', 'period'), name='counter_once'),
        ),
        migrations.RunPython(note_roles, migrations.RunPython.noop),
    ]
