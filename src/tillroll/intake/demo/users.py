"""The demo shop's users. None of them can log in or holds a key; the demo's own login does."""

from django.db.models import Max

from tillroll.access.capabilities import ROLES
from tillroll.access.models import User, UserRole
from tillroll.intake.demo.moments import DAY, DAYS, to_text
from tillroll.intake.demo.shape import Shape
from tillroll.intake.staging import Staging
from tillroll.shop.models import SourceKind

STAFF = (
    ("rosa.calder", "Rosa Calder", "administrator"),
    ("milo.brandt", "Milo Brandt", "shop_manager"),
    ("ines.oyelaran", "Ines Oyelaran", "shop_accountant"),
    ("theo.lindqvist", "Theo Lindqvist", "shop_worker"),
)
"""Who runs the shop: login, name and role."""

USER = Shape(
    User, "wire_id username login display_name first_name last_name email date_joined capabilities role_slugs"
)
USER_ROLE = Shape(UserRole, "user_id role_id")


def stage_staff(staging: Staging, now: int) -> tuple[int, ...]:
    """The shop's own people, with ids after those that are here; returns the ids."""
    others = User.objects.filter(source=None, is_demo=False) | User.objects.exclude(source=None).exclude(
        source__kind=SourceKind.DEMO
    )
    first = (others.aggregate(last=Max("wire_id"))["last"] or 0) + 1
    at = to_text(now // DAY * DAY - (DAYS + 90) * DAY)
    for number, (login, name, role) in enumerate(STAFF, first):
        stage_user(staging, number, login, name, f"{login}@shop.example", role, at)
    return tuple(range(first, first + len(STAFF)))


def stage_user(staging: Staging, number: int, login: str, name: str, email: str, role: str, at: str) -> None:
    given, _, family = name.partition(" ")
    capabilities = " ".join(sorted(ROLES[role][1]))
    staging.add(User, [USER.row(number, login, login, name, given, family, email, at, capabilities, role)])
    staging.add(UserRole, [USER_ROLE.row(number, role)])
