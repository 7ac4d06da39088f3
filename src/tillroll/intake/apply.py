"""From a reader to the shop, second half: staged records become the shop's in one transaction, all or
nothing.

It takes what is new, changes what changed, removes what the source no longer has, and touches no record of
another source. A demo shop is replaced.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import DataError, IntegrityError, connection, models, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Q
from django.utils import timezone

from tillroll.access.capabilities import ROLES
from tillroll.access.log import move_lines
from tillroll.access.models import Role, User, UserCapability, UserRole
from tillroll.access.services import refresh_capabilities
from tillroll.databases import get_reason
from tillroll.intake.attaching import attach
from tillroll.intake.merge import ApplyError, Change, count, limit, merge, refuse_strangers
from tillroll.intake.part_figures import PartFigures
from tillroll.intake.staging import KIND_OF, KINDS, Staging
from tillroll.shop import kept
from tillroll.shop.models import Mirror, Source, SourceKind
from tillroll.shop.models.source import OWN_IDS_FROM
from tillroll.shop.moments import bind_time
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import take_settings
from tillroll.stats import rollup

__all__ = ["ApplyError", "Change", "apply", "apply_parts", "clear_demo"]

_FIGURED = [kind for kind in KINDS if kind.is_dated and kind.kept]


def apply(
    staging: Staging,
    kind: SourceKind,
    name: str,
    *,
    known_as: str = "",
    settings: dict[str, Any] | None = None,
    on_step: Callable[[str], None] = lambda _step: None,
    on_applied: Callable[[Source], None] = lambda _source: None,
) -> dict[type[models.Model], Change]:
    """Makes the staged records the shop's, as those of the source `name`, and sets some shop settings.

    `known_as` is the name that the source had so far, where that is another. `on_applied` is called in the
    same transaction when all is done. Raises ApplyError when a record's id belongs to another source or to
    the shop itself, or when a record does not fit.
    """
    staging.close()
    with _explain(), attach(staging.path), write(*Topic), connection.cursor() as cursor:
        clear_demo()
        if settings:
            take_settings(settings)  # while there are few records: a new zone counts all anew
        has_records = any(kind.model._default_manager.exists() for kind in _FIGURED)
        origin, is_new = _touch_source(kind, name, known_as or name)
        source = origin.pk
        moment = None if is_new and not has_records else bind_time(timezone.now())
        if kind != SourceKind.DEMO:
            _make_room(cursor)
        _keep_roles(cursor, source)
        for each in KINDS:
            refuse_strangers(cursor, each, source)
        changes = {}
        for each in KINDS:
            on_step(each.plural)
            changes[each.model] = merge(cursor, each, source, moment)
        _remove_orphans(cursor, [model for model, change in changes.items() if change.removed])
        _end_keys_of_gone_customers(cursor)
        _set_sequences(cursor, 0 if kind == SourceKind.DEMO else OWN_IDS_FROM - 1)
        on_step("figures")
        _refresh(cursor, is_change=moment is not None)
        Mirror.objects.update(mark="")  # whoever follows a source does not know this state
        on_applied(origin)
    return changes


@contextmanager
def _explain() -> Iterator[None]:
    """What the store refuses, as an ApplyError."""
    try:
        yield
    except IntegrityError as error:
        raise ApplyError(
            f"A record of the source clashes with one that is here already ({get_reason(error)});"
            " import into an empty shop (another TILLROLL_HOME), or change that record first."
        ) from error
    except DataError as error:
        raise ApplyError(f"A record of the source does not fit: {get_reason(error)}.") from error


def apply_parts(
    staging: Staging,
    source: Source,
    parts: Mapping[str, Collection[int] | None],
    *,
    name: str = "",
    settings: dict[str, Any] | None = None,
    on_applied: Callable[[Source], None] = lambda _source: None,
) -> dict[type[models.Model], Change]:
    """Makes some of a source's records what is staged of them, all at once; the others are not touched.

    `parts` names them by what belongs together (see Kind): an order's or a customer's id and so on, or None
    for all of a part. What is named and not staged is gone. Figures follow at the cost of what changes.
    `name` is the source's address now. Raises ApplyError as `apply` does.
    """
    ids = {part: sorted(some) for part, some in parts.items() if some is not None}
    for part, some in ids.items():
        staging.name_part(part, some)
    staging.close()
    kinds = [kind for kind in KINDS if kind.part in parts]
    topics = {topic for part in parts for topic in _TOPICS[part]}
    with (
        _explain(),
        attach(staging.path, ids),
        write(*topics, *((Topic.SETTINGS, *_DATED) if settings else ())),
        connection.cursor() as cursor,
    ):
        if settings:
            take_settings(settings)
        if name and name != source.name:
            source.name = name[:255]
        source.imported_at = timezone.now()
        source.save()
        moment = bind_time(timezone.now())
        if "role" in parts:
            _keep_roles(cursor, source.pk)
        for kind in kinds:
            refuse_strangers(cursor, kind, source.pk, limit(kind, ids))
        figures = PartFigures(parts)
        with kept.following(*ids.get("order", ())):
            changes = {kind.model: merge(cursor, kind, source.pk, moment, limit(kind, ids)) for kind in kinds}
            for kind in kinds:
                if changes[kind.model].removed:
                    _remove_orphans(cursor, [kind.model], ids if kind.member in ("id", "wire_id") else ())
        figures.settle()
        if "customer" in parts:
            _end_keys_of_gone_customers(cursor)
        if "user" in parts:
            _refresh_own_rights(parts["user"])
        on_applied(source)
    return changes


_DATED = (Topic.CUSTOMERS, Topic.ORDERS)
_TOPICS = {
    "catalogue": (Topic.CATALOGUE,),
    "customer": (Topic.CUSTOMERS,),
    "order": (Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE),
    "discount": (Topic.DISCOUNTS,),
    "download": (Topic.DOWNLOADS, Topic.CUSTOMERS),
    "role": (Topic.ACCESS,),
    "user": (Topic.ACCESS,),
}
"""What a part's records, and the figures that follow from them, are shown with."""


def clear_demo() -> bool:
    """Removes a demo shop with its keys and logins, inside the caller's transaction; False when there is
    none."""
    demos = list(Source.objects.filter(kind=SourceKind.DEMO))
    if not demos:
        return False
    callers = User.objects.filter(Q(source__in=demos) | Q(is_demo=True), api_keys__isnull=False)
    for user_id in callers.values_list("wire_id", flat=True).distinct():
        transaction.on_commit(partial(move_lines, user_id, 0))
    with connection.cursor() as cursor:
        _end_customer_keys(cursor, "k.customer_id IS NOT NULL")
        for kind in reversed(KINDS):
            for demo in demos:
                if kind.model is Role:
                    cursor.execute("UPDATE access_role SET source_id = NULL WHERE source_id = %s", (demo.pk,))
                else:
                    cursor.execute(f"DELETE FROM {kind.table} WHERE source_id = %s", (demo.pk,))
        _remove_orphans(cursor, [kind.model for kind in KINDS])
    User.objects.filter(is_demo=True).delete()
    Source.objects.filter(kind=SourceKind.DEMO).delete()
    return True


def _touch_source(kind: SourceKind, name: str, known_as: str) -> tuple[Source, bool]:
    """The source, and whether it is new."""
    now = timezone.now()
    times = {"created_at": now, "imported_at": now}
    source, is_new = Source.objects.get_or_create(kind=kind, name=known_as[:255], defaults=times)
    source.name, source.imported_at = name[:255], now
    source.save()
    return source, is_new


def _make_room(cursor: CursorWrapper) -> None:
    """Users that were made here give way to another shop's own ids, which begin at 1."""
    own = User.objects.filter(source=None, wire_id__lt=OWN_IDS_FROM).order_by("wire_id")
    free = max(count(cursor, "SELECT MAX(wire_id) FROM access_user"), OWN_IDS_FROM - 1)
    for before in list(own.values_list("wire_id", flat=True)):
        free += 1
        cursor.execute("UPDATE access_user SET wire_id = %s WHERE wire_id = %s", (free, before))
        for child in _list_children(User):
            if child.target_field.column == "wire_id":
                table, column = child.model._meta.db_table, child.column
                cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", (free, before))
        transaction.on_commit(partial(move_lines, before, free))


def _keep_roles(cursor: CursorWrapper, source: int) -> None:
    """A role that the source no longer has stays, as our own, where it is one of EDD's or of a user made
    here."""
    used = UserRole.objects.filter(source=None).values_list("role_id", flat=True)
    for slug in sorted({*ROLES, *map(str, used)}):
        cursor.execute(
            "UPDATE access_role SET source_id = NULL WHERE source_id = %s AND slug = %s"
            " AND slug NOT IN (SELECT slug FROM staged_access_role)",
            (source, slug),
        )


def _list_children(model: type[models.Model]) -> list["models.ForeignKey[Any, Any]"]:
    """The foreign keys to a model that the database enforces."""
    fields = (getattr(relation, "field", None) for relation in model._meta.get_fields(include_hidden=True))
    return [
        field
        for field in fields
        if isinstance(field, models.ForeignKey)
        and field.related_model is model
        and getattr(field, "db_constraint", True)
    ]


def _remove_orphans(
    cursor: CursorWrapper, gone: Iterable[type[models.Model]], parts: Collection[str] = ()
) -> None:
    """What was made here and belonged to a record that is gone goes with it; only records of `parts` are
    gone."""
    for model in gone:
        part = KIND_OF[model].part
        for child in _list_children(model):
            parents, key = model._meta.db_table, child.target_field.column
            within = f" AND c.{child.column} IN (SELECT id FROM part_{part})" if part in parts else ""
            cursor.execute(
                f"DELETE FROM {child.model._meta.db_table} AS c WHERE c.{child.column} IS NOT NULL{within}"
                f" AND NOT EXISTS (SELECT 1 FROM {parents} p WHERE p.{key} = c.{child.column})"
            )


def _end_keys_of_gone_customers(cursor: CursorWrapper) -> None:
    _end_customer_keys(cursor, "NOT EXISTS (SELECT 1 FROM shop_customer c WHERE c.id = k.customer_id)")


def _end_customer_keys(cursor: CursorWrapper, which: str) -> None:
    """A buyer's key ends with its customer, whose id may be somebody else's in the next shop."""
    cursor.execute(
        "UPDATE access_apikey AS k SET revoked_at = %s"
        f" WHERE k.revoked_at IS NULL AND k.customer_id IS NOT NULL AND {which}",
        (bind_time(timezone.now()),),
    )


def _set_sequences(cursor: CursorWrapper, least: int) -> None:
    """Records made here from now on take ids above `least`, which the source will never reach, and above all
    that are here: PostgreSQL does not see ids that were brought along."""
    for kind in KINDS:
        if kind.key != ("id",):
            continue
        last = max(count(cursor, f"SELECT MAX(id) FROM {kind.table}"), least)
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, %s)", (kind.table, last or 1, last > 0)
            )
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", (kind.table,))
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", (kind.table, last))


def _refresh(cursor: CursorWrapper, *, is_change: bool) -> None:
    """The figures and rights that are kept beside the records. Records whose figures become others have
    changed, but for those of a first import."""
    if connection.vendor == "postgresql":
        # it would plan the sums by what it knew before the import
        for kind in KINDS:
            cursor.execute(f"ANALYZE {kind.table}")
    rollup.rebuild_all(is_change=is_change)
    _refresh_own_rights()


def _refresh_own_rights(users: Collection[int] | None = None) -> None:
    """What the source says of its users' rights does not know of those that were given here. `users`: those
    that may have changed, where that is known."""
    some = User.objects.all() if users is None else User.objects.filter(wire_id__in=users)
    roles, grants = UserRole.objects.filter(source=None), UserCapability.objects.filter(source=None)
    own = Q(source=None) | Q(user_roles__in=roles) | Q(grants__in=grants)
    refresh_capabilities(some.filter(own).distinct())
