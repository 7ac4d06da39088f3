import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
import tillroll.access.models.users
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('shop', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Role',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shop.source')),
                ('slug', models.CharField(max_length=100, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('capabilities', models.JSONField(default=list, help_text='The capabilities that its users have.')),
            ],
            options={
                'abstract': False,
                'indexes': [],
                'constraints': [],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('source', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shop.source')),
                ('wire_id', models.BigIntegerField(unique=True)),
                ('login', models.CharField(blank=True, max_length=60)),
                ('display_name', models.CharField(blank=True, max_length=250)),
                ('capabilities', models.TextField(blank=True, editable=False, help_text='Effective, separated by spaces; kept.')),
                ('is_demo', models.BooleanField(default=False, editable=False, help_text='May log in from this machine only.')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
                'indexes': [],
                'constraints': [],
            },
            managers=[
                ('objects', tillroll.access.models.users.AccountManager()),
            ],
        ),
        migrations.CreateModel(
            name='UserRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shop.source')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='user_roles', to=settings.AUTH_USER_MODEL, to_field='wire_id')),
                ('role', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='user_roles', to='access.role', to_field='slug')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'role'), name='user_role_once')],
                'indexes': [],
            },
        ),
        migrations.CreateModel(
            name='UserCapability',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shop.source')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='grants', to=settings.AUTH_USER_MODEL, to_field='wire_id')),
                ('capability', models.CharField(max_length=100)),
                ('is_granted', models.BooleanField(default=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'capability'), name='user_capability_once')],
                'indexes': [],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shop.source')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to=settings.AUTH_USER_MODEL, to_field='wire_id')),
                ('label', models.CharField(blank=True, max_length=100)),
                ('public_key', models.CharField(max_length=64, unique=True)),
                ('token_digest', models.CharField(help_text='HMAC-SHA256 of the token under the pepper.', max_length=64)),
                ('pepper_id', models.CharField(max_length=16)),
                ('created_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'API key',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('public_key', ''), _negated=True), models.Q(('token_digest', ''), _negated=True), models.Q(('pepper_id', ''), _negated=True)), name='api_key_whole')],
                'indexes': [],
            },
        ),
        migrations.CreateModel(
            name='RequestLogEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('user_id', models.BigIntegerField(default=0, help_text='The wire id; 0 for the public and the unknown.')),
                ('user_name', models.CharField(blank=True, max_length=250)),
                ('key_id', models.BigIntegerField(blank=True, null=True)),
                ('key_label', models.CharField(blank=True, max_length=100)),
                ('key_start', models.CharField(blank=True, help_text='The first characters of an unknown key.', max_length=6)),
                ('version', models.CharField(blank=True, max_length=32)),
                ('endpoint', models.CharField(blank=True, max_length=32)),
                ('question', models.TextField(blank=True, help_text='The parameters without key and token.')),
                ('status', models.SmallIntegerField()),
                ('error', models.TextField(blank=True)),
                ('address', models.CharField(blank=True, max_length=60)),
                ('milliseconds', models.FloatField(default=0)),
                ('size', models.BigIntegerField(default=0, help_text="Bytes of the answer's body.")),
            ],
            options={
                'verbose_name': 'API request',
                'indexes': [models.Index(fields=['-at'], name='request_at_idx'), models.Index(fields=['user_id', '-id'], name='request_user_idx'), models.Index(fields=['key_id', '-id'], name='request_key_idx'), models.Index(fields=['status', '-id'], name='request_status_idx')],
                'constraints': [],
            },
        ),
    ]
