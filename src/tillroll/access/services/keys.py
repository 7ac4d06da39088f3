"""API keys issued, limited, rotated and revoked. What a key is used with is given back once and not kept."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from tillroll.access.addresses import parse_networks
from tillroll.access.capabilities import Capability
from tillroll.access.digests import Pair, digest_token, make_pair, pepper_id
from tillroll.access.models import ApiKey, User
from tillroll.access.services.roles import set_limits
from tillroll.access.services.users import create_service_account
from tillroll.shop.models import AutoKeys, Customer
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import get_settings, refuse_mirrored

GRACE = timedelta(days=7)
"""How long the old pair still answers after a rotation, unless it is said otherwise: a week in which every
app can be given the new one."""

_READS = (
    Capability.VIEW_SHOP_REPORTS,
    Capability.VIEW_SHOP_SENSITIVE_DATA,
    Capability.MANAGE_SHOP_DISCOUNTS,
)


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """A key's own limits; empty ones are its holder's roles'. `expires_at` None is never."""

    expires_at: datetime | None = None
    networks: str = ""
    endpoints: tuple[str, ...] = ()
    hidden_fields: tuple[str, ...] = ()
    rate_minute: int | None = None
    quota_day: int | None = None
    quota_month: int | None = None


def issue_key(
    user: User, *, label: str = "", customer_id: int | None = None, limits: KeyLimits | None = None
) -> tuple[ApiKey, Pair]:
    """A new key for a user; with `customer_id` a buyer's key, which sees that customer's records alone.

    The pair is not kept: show it once. ValidationError names a limit that is wrong.
    """
    pair = make_pair()
    with write(Topic.ACCESS):
        key = ApiKey(user=user, customer_id=customer_id, created_at=timezone.now())
        _set_secrets(key, pair)
        _set_own(key, label, limits or KeyLimits())
        key.save()
    return key, pair


def set_key_limits(key: ApiKey, *, label: str, limits: KeyLimits) -> None:
    """Changes what a key is called and what it may do; ValidationError names what is wrong.

    A key that has a successor can't be given a longer life: it was rotated so that its pair ends.
    """
    with write(Topic.ACCESS):
        ends_at = ApiKey.objects.select_for_update().values_list("expires_at", flat=True).get(pk=key.pk)
        is_longer = ends_at is not None and (limits.expires_at is None or limits.expires_at > ends_at)
        if is_longer and ApiKey.objects.filter(meter_id=key.meter, pk__gt=key.pk).exists():
            latest = f"{ends_at:%Y-%m-%d at %H:%M} UTC"
            raise ValidationError({"expires_at": f"This key was rotated: it ends on {latest} at the latest."})
        _set_own(key, label, limits)
        key.save(
            update_fields=("label", *(name for name in asdict(limits)))  # the fields are called alike
        )


def rotate_key(key: ApiKey, *, grace: timedelta = GRACE) -> tuple[ApiKey, Pair]:
    """A successor with the same holder, limits and counters; the old pair answers until `grace` is over.

    ValidationError for a key that is no longer in force, for one whose successor is, which is to be rotated
    then, and for one of a shop that is followed. Whoever rotates twice in a grace ends the first pair at its
    own time, never later.
    """
    now = timezone.now()
    pair = make_pair()
    if key.source_id is not None:
        refuse_mirrored("This key", key.source_id)
    with write(Topic.ACCESS):
        key = ApiKey.objects.select_for_update().get(pk=key.pk)
        if not key.is_in_force(now):
            raise ValidationError("This key has ended; issue a new one.")
        last = ApiKey.objects.filter(meter_id=key.meter, pk__gt=key.pk).order_by("-pk").first()
        if last and last.is_in_force(now):
            raise ValidationError(f"This key was rotated already; rotate its successor {last.public_key}.")
        successor = ApiKey(
            user_id=key.user_id,
            label=key.label,
            customer_id=key.customer_id,
            meter_id=key.meter,
            created_at=now,
            **{name: getattr(key, name) for name in KeyLimits.__dataclass_fields__},
        )
        if last:  # revoked since, or lost: the end of a key in its grace is not the line's
            successor.expires_at = last.expires_at
        _set_secrets(successor, pair)
        successor.save()
        key.expires_at = min(filter(None, (key.expires_at, now + grace)))
        key.save(update_fields=("expires_at",))
    return successor, pair


def revoke_key(key: ApiKey) -> None:
    """Ends a key at once; its lines in the request log stay readable."""
    with write(Topic.ACCESS):
        key.revoked_at = timezone.now()
        key.save(update_fields=("revoked_at",))


def revoke_keys(user: User) -> int:
    """Ends all keys of a user at once; how many there were."""
    with write(Topic.ACCESS):
        return user.api_keys.filter(revoked_at=None).update(revoked_at=timezone.now())


def issue_customer_key(
    customer: Customer, *, label: str = "", limits: KeyLimits | None = None
) -> tuple[ApiKey, Pair]:
    """A buyer's key: held by the customer's own user, or for a guest by an account that nobody logs in
    with."""
    with write(Topic.ACCESS):
        holder = User.objects.filter(wire_id=customer.user_id).first() if customer.user_id else None
        if holder is None:
            name = f"customer-{customer.pk}"
            holder = User.objects.filter(username=name, is_service=True).first() or create_service_account(
                name, display_name=customer.name or name
            )
        return issue_key(holder, label=label, customer_id=customer.pk, limits=limits)


def issue_own_key(user: User, *, label: str = "") -> tuple[ApiKey, Pair]:
    """A key that a user makes for themselves: for what their roles allow, or, where that is nothing, for
    their own purchases.

    ValidationError where the shop does not allow it, or where the key would see nothing.
    """
    if not get_settings().user_keys_allowed:
        raise ValidationError("This shop does not let users make their own API keys.")
    customer_id = _find_own_customer(user)
    if customer_id is None and not _reads(user):
        raise ValidationError(
            "Your account has no rights in the API and no purchases: a key would see nothing."
        )
    return issue_key(user, label=label, customer_id=customer_id)


def issue_automatic_key(
    user: User, *, check: Callable[[User, int | None], None] | None = None
) -> tuple[ApiKey, Pair] | None:
    """The key that the shop's settings want for a new user, to be shown once to whoever made them; None where
    they want none. Users that an import brings keep the keys that they have and get no others.

    `check` is asked before it is made, with the holder and the customer of a buyer's key, and may refuse it
    with a ValidationError.
    """
    settings = get_settings()
    if settings.auto_keys == AutoKeys.NOBODY:
        return None
    held = set(user.role_slugs.split("\n"))
    if settings.auto_keys == AutoKeys.ROLES and held.isdisjoint(settings.auto_key_roles):
        return None
    customer_id = _find_own_customer(user)
    if check is not None:
        check(user, customer_id)
    return issue_key(user, label="Made automatically", customer_id=customer_id)


def _find_own_customer(user: User) -> int | None:
    """The customer that a user is, where their roles let them read nothing but their own purchases."""
    if _reads(user):
        return None
    found = Customer.objects.filter(user_id=user.wire_id).order_by("pk").first()
    return found.pk if found else None


def _reads(user: User) -> bool:
    return not set(_READS).isdisjoint(user.capabilities.split())


def _set_secrets(key: ApiKey, pair: Pair) -> None:
    key.public_key = pair.public_key
    key.token_digest, key.pepper_id = digest_token(pair.token), pepper_id()
    key.bearer_digest, key.bearer_pepper_id = digest_token(pair.bearer), pepper_id()


def _set_own(key: ApiKey, label: str, limits: KeyLimits) -> None:
    if len(label) > 100:
        raise ValidationError({"label": "A label has at most 100 characters."})
    key.label = label
    key.expires_at = limits.expires_at
    try:
        key.networks = " ".join(parse_networks(limits.networks))
    except ValueError as error:
        raise ValidationError({"networks": str(error)}) from error
    rates: dict[str, Any] = {
        name: getattr(limits, name) for name in ("rate_minute", "quota_day", "quota_month")
    }
    set_limits(key, endpoints=limits.endpoints, hidden_fields=limits.hidden_fields, **rates)
