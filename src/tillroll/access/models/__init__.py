"""Users, their roles and keys in the shop's database; the request log in its own."""

from tillroll.access.models.keys import ApiKey
from tillroll.access.models.requests import RequestLogEntry
from tillroll.access.models.users import Role, User, UserCapability, UserRole

__all__ = ["ApiKey", "RequestLogEntry", "Role", "User", "UserCapability", "UserRole"]
