"""Every write about users, roles and keys. Each bumps the access revision in its own transaction."""

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.utils import timezone

from tillroll.access.capabilities import KNOWN
from tillroll.access.keys import Pair, digest_token, make_pair, pepper_id
from tillroll.access.models import ApiKey, Role, User, UserCapability, UserRole
from tillroll.shop.revision import Topic, write


def create_user(
    username: str,
    *,
    email: str = "",
    password: str | None = None,
    display_name: str = "",
    roles: Iterable[str] = (),
    is_superuser: bool = False,
    is_demo: bool = False,
) -> User:
    """A user with their roles (slugs; Role.DoesNotExist for an unknown one)."""
    with write(Topic.ACCESS):
        user = User.objects.create_user(
            username,
            email,
            password,
            display_name=display_name or username,
            is_superuser=is_superuser,
            is_staff=is_superuser,
            is_demo=is_demo,
        )
        UserRole.objects.bulk_create(UserRole(user=user, role=role) for role in _get_roles(roles))
        refresh_capabilities([user])
    return user


def set_roles(user: User, roles: Iterable[str]) -> None:
    """Gives a user exactly these roles; Role.DoesNotExist for an unknown slug."""
    with write(Topic.ACCESS):
        wanted = _get_roles(roles)
        user.user_roles.all().delete()
        UserRole.objects.bulk_create(UserRole(user=user, role=role) for role in wanted)
        refresh_capabilities([user])


def _get_roles(slugs: Iterable[str]) -> list[Role]:
    return [Role.objects.get(slug=slug) for slug in slugs]


def set_password(user: User, password: str) -> None:
    """Sets a password that keeps Django's rules; ValidationError says which it breaks."""
    validate_password(password, user)
    with write(Topic.ACCESS):
        user.set_password(password)
        user.is_staff = True
        user.save(update_fields=("password", "is_staff"))


def refresh_capabilities(users: Iterable[User]) -> None:
    """Recomputes what users may do: the union of their roles, then their own grants and denials ([3.6]
    2.3)."""
    for user in users:
        held = {name for role in Role.objects.filter(user_roles__user=user) for name in role.capabilities}
        for grant in UserCapability.objects.filter(user=user):
            (held.add if grant.is_granted else held.discard)(grant.capability)
        user.capabilities = " ".join(sorted(held & KNOWN))
        user.save(update_fields=("capabilities",))


def issue_key(user: User, *, label: str = "") -> tuple[ApiKey, Pair]:
    """A new key for a user. The pair is not kept: show it once."""
    pair = make_pair()
    with write(Topic.ACCESS):
        key = ApiKey.objects.create(
            user=user,
            label=label,
            public_key=pair.public_key,
            token_digest=digest_token(pair.token),
            pepper_id=pepper_id(),
            created_at=timezone.now(),
        )
    return key, pair


def revoke_key(key: ApiKey) -> None:
    """Ends a key at once; its lines in the request log stay readable."""
    with write(Topic.ACCESS):
        key.revoked_at = timezone.now()
        key.save(update_fields=("revoked_at",))
