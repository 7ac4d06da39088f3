"""Users, their roles and keys in the shop's database; the request log and counters in their own."""

from tillroll.access.models.audit import AuditEntry
from tillroll.access.models.counters import Counter, KeyUse
from tillroll.access.models.keys import ApiKey
from tillroll.access.models.limits import LimitedModel
from tillroll.access.models.requests import RequestLogEntry
from tillroll.access.models.second_factor import Authenticator, RecoverySheet
from tillroll.access.models.users import Role, User, UserCapability, UserRole

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Authenticator",
    "Counter",
    "KeyUse",
    "LimitedModel",
    "RecoverySheet",
    "RequestLogEntry",
    "Role",
    "User",
    "UserCapability",
    "UserRole",
]
