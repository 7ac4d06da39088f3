"""Users with their roles and passwords."""

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tillroll.access.capabilities import KNOWN
from tillroll.access.models import Role, User, UserCapability, UserRole
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
    is_service: bool = False,
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
            is_service=is_service,
        )
        UserRole.objects.bulk_create(UserRole(user=user, role=role) for role in _get_roles(roles))
        refresh_capabilities([user])
    return user


def create_service_account(username: str, *, display_name: str = "", roles: Iterable[str] = ()) -> User:
    """An account that holds keys and that nobody logs in with; ValidationError for a name that is taken or
    that can't be one."""
    if len(username) > 60:
        raise ValidationError({"username": "A name has at most 60 characters."})
    User(username=username).clean_fields(
        exclude=[field.name for field in User._meta.fields if field.name != "username"]
    )
    if User.objects.filter(username=username).exists():
        raise ValidationError({"username": f"There is an account {username} already."})
    return create_user(username, display_name=display_name, roles=roles, is_service=True)


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
    """Sets a password that keeps Django's rules; ValidationError says which it breaks. A service account has
    none."""
    if user.is_service:
        raise ValidationError(f"{user.username} is a service account: nobody logs in with it.")
    validate_password(password, user)
    with write(Topic.ACCESS):
        user.set_password(password)
        user.is_staff = True
        user.save(update_fields=("password", "is_staff"))


def set_active(user: User, is_active: bool) -> None:
    """Lets a user in or shuts them out, with all their keys, from the next request on."""
    with write(Topic.ACCESS):
        user.is_active = is_active
        user.save(update_fields=("is_active",))


def refresh_capabilities(users: Iterable[User]) -> None:
    """Recomputes what users may do: the union of their roles, then their own grants and denials ([3.6]
    2.3)."""
    for user in users:
        roles = list(Role.objects.filter(user_roles__user=user))
        held = {name for role in roles for name in role.capabilities}
        for grant in UserCapability.objects.filter(user=user):
            (held.add if grant.is_granted else held.discard)(grant.capability)
        user.capabilities = " ".join(sorted(held & KNOWN))
        user.role_slugs = "\n".join(sorted({role.slug for role in roles}))
        user.save(update_fields=("capabilities", "role_slugs"))
