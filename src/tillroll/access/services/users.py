"""Users with their roles and passwords."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q

from tillroll.access.capabilities import KNOWN
from tillroll.access.models import Role, User, UserCapability, UserRole
from tillroll.shop.revision import Topic, write
from tillroll.shop.text import fold_case

LONGEST_NAME = 60
"""Characters of a user name: the API shows it as the login, which has no more."""


AT_ONCE = 1_000
"""Users whose rights are computed together."""


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


def add_user(
    username: str,
    *,
    email: str = "",
    display_name: str = "",
    password: str | None = None,
    roles: Iterable[str] = (),
    is_superuser: bool = False,
    is_service: bool = False,
) -> User:
    """A user whom somebody adds; a password lets them log in. ValidationError says by field what is wrong."""
    with write(Topic.ACCESS):  # behind it nobody else takes the name
        check_new_user(username, email=email, display_name=display_name, password=password)
        user = create_user(
            username,
            email=email,
            display_name=display_name,
            roles=roles,
            is_superuser=is_superuser,
            is_service=is_service,
        )
        if password is not None:
            set_password(user, password)
    return user


def create_service_account(username: str, *, display_name: str = "", roles: Iterable[str] = ()) -> User:
    """An account that holds keys and that nobody logs in with; ValidationError for a name that is taken or
    that can't be one."""
    return add_user(username, display_name=display_name, roles=roles, is_service=True)


def check_new_user(
    username: str, *, email: str = "", display_name: str = "", password: str | None = None
) -> None:
    """Whether there can be such a user; ValidationError says by field all that is wrong."""
    draft = User(username=User.normalize_username(username), email=email, display_name=display_name)
    wrong: dict[str, list[ValidationError]] = {}
    given = ("username", "email", "display_name")
    try:
        draft.clean_fields(exclude=[field.name for field in User._meta.fields if field.name not in given])
    except ValidationError as error:
        wrong = error.error_dict
    if len(draft.username) > LONGEST_NAME:
        wrong["username"] = [ValidationError(f"A name has at most {LONGEST_NAME} characters.")]
    elif taken := find_namesake(draft.username):
        wrong["username"] = [ValidationError(f"There is an account {taken.username} already.")]
    if password is not None:
        try:
            validate_password(password, draft)
        except ValidationError as error:
            wrong["password"] = error.error_list
    if wrong:
        raise ValidationError(wrong)


def find_namesake(username: str) -> User | None:
    """The user who has a name already, whatever the case of its letters: two that differ in it alone would be
    taken for each other."""
    name = User.normalize_username(username)
    cases = {name.lower(), name.upper(), fold_case(name)}  # SQLite knows the case of a-z alone
    return User.objects.filter(Q(username__iexact=name) | Q(username__in=cases)).order_by("pk").first()


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
    """Recomputes what users may do: the union of their roles, then their own grants and denials ([3.6] 2.3);
    and whether they need a second factor.

    In a few statements a thousand users; those for whom nothing changes are not written.
    """
    roles = {role.slug: role for role in Role.objects.all()}
    waiting = list(users)
    for start in range(0, len(waiting), AT_ONCE):
        batch = waiting[start : start + AT_ONCE]
        ids = [user.wire_id for user in batch]
        slugs: defaultdict[int, list[str]] = defaultdict(list)
        grants: defaultdict[int, list[UserCapability]] = defaultdict(list)
        for user_id, slug in UserRole.objects.filter(user_id__in=ids).values_list("user_id", "role_id"):
            slugs[user_id].append(str(slug))
        for grant in UserCapability.objects.filter(user_id__in=ids).order_by("pk"):
            grants[grant.user_id].append(grant)
        changed = [
            user
            for user in batch
            if _set_capabilities(user, slugs[user.wire_id], roles, grants[user.wire_id])
        ]
        User.objects.bulk_update(changed, ("capabilities", "role_slugs", "requires_two_factor"))


def _set_capabilities(
    user: User, slugs: Iterable[str], roles: Mapping[str, Role], grants: Iterable[UserCapability]
) -> bool:
    """Sets them, unsaved; whether anything changed."""
    held = {name for slug in slugs for name in roles[slug].capabilities}
    for grant in grants:
        (held.add if grant.is_granted else held.discard)(grant.capability)
    before = user.capabilities, user.role_slugs, user.requires_two_factor
    user.capabilities = " ".join(sorted(held & KNOWN))
    user.role_slugs = "\n".join(sorted(set(slugs)))
    user.requires_two_factor = any(roles[slug].requires_two_factor for slug in slugs)
    return (user.capabilities, user.role_slugs, user.requires_two_factor) != before
