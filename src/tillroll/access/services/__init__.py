"""Every write about users, roles and keys. Each bumps the access revision in its own transaction."""

from tillroll.access.services.keys import (
    GRACE,
    KeyLimits,
    issue_automatic_key,
    issue_customer_key,
    issue_key,
    issue_own_key,
    revoke_key,
    revoke_keys,
    rotate_key,
    set_key_limits,
)
from tillroll.access.services.roles import delete_role, save_role
from tillroll.access.services.users import (
    add_user,
    check_new_user,
    create_service_account,
    create_user,
    find_namesake,
    refresh_capabilities,
    set_active,
    set_password,
    set_roles,
)

__all__ = [
    "GRACE",
    "KeyLimits",
    "add_user",
    "check_new_user",
    "create_service_account",
    "create_user",
    "delete_role",
    "find_namesake",
    "issue_automatic_key",
    "issue_customer_key",
    "issue_key",
    "issue_own_key",
    "refresh_capabilities",
    "revoke_key",
    "revoke_keys",
    "rotate_key",
    "save_role",
    "set_active",
    "set_key_limits",
    "set_password",
    "set_roles",
]
