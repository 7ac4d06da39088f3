from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('shop', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='shopsettings',
            name='auto_key_roles',
            field=models.JSONField(blank=True, default=list, help_text='The roles whose new users get a key (with auto_keys: roles).'),
        ),
        migrations.AddField(
            model_name='shopsettings',
            name='auto_keys',
            field=models.CharField(choices=[('nobody', 'Nobody'), ('everybody', 'Everybody'), ('roles', 'Users of chosen roles')], default='nobody', help_text='New users for whom a key is made: nobody, everybody, or roles.', max_length=10),
        ),
        migrations.AddField(
            model_name='shopsettings',
            name='log_keep_days',
            field=models.PositiveIntegerField(default=90, help_text='Days after which lines of the request log are removed; 0 keeps them.'),
        ),
        migrations.AddField(
            model_name='shopsettings',
            name='log_keep_megabytes',
            field=models.PositiveIntegerField(default=1000, help_text='About how large the request log may grow; the oldest lines go first. 0: any.'),
        ),
    ]
