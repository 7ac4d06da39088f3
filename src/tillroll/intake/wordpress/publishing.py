"""A shop that was read whole, from a dump or from its database, becomes this shop's records."""

from collections.abc import Callable

from django.db import models

from tillroll.access.models import User
from tillroll.intake.apply import Change, apply
from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.identity import find_known_name
from tillroll.intake.wordpress.mapping import Mapping
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.shop.models import Dialect, Source, SourceKind


def publish_shop(
    staging: Staging,
    mapping: Mapping,
    options: ShopOptions,
    *,
    on_step: Callable[[str], None],
    on_applied: Callable[[Source], None] = lambda _source: None,
) -> dict[type[models.Model], Change]:
    """Joins what was read and makes it the shop's, as the source that it is known as here. Raises what
    `apply` raises."""
    staging.flush()
    known = find_known_name(options.home, staging)
    is_new = not Source.objects.filter(kind=SourceKind.WORDPRESS, name=known).exists()
    others = User.objects.filter(is_demo=False).exclude(source__kind=SourceKind.WORDPRESS, source__name=known)
    mapping.finish(options, others.values_list("username", flat=True))
    return apply(
        staging,
        SourceKind.WORDPRESS,
        options.home,
        known_as=known,
        # the dialect is the owner's to change later
        settings={**options.settings, **({"dialect": Dialect.EDD3} if is_new else {})},
        on_step=on_step,
        on_applied=on_applied,
    )
