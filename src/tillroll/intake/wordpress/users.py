"""Users with their roles, capabilities and API keys.

Users may be very many, so they wait in the scratch file. A secret key never does: key pairs stay in memory,
where a digest is made of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from tillroll.access.capabilities import KNOWN
from tillroll.access.digests import digest_token, make_token, pepper_id
from tillroll.access.models import ApiKey, Role, User, UserCapability, UserRole
from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.intake.wordpress.php import PhpValueError, as_map, as_text, unserialize
from tillroll.intake.wordpress.rows import Row
from tillroll.intake.wordpress.tables import Taken
from tillroll.intake.wordpress.values import EPOCH, take_time, take_whole

_USERS = ("ID", "user_login", "user_email", "user_registered", "display_name")
_META = ("umeta_id", "user_id", "meta_key", "meta_value")
_NETWORK = ("meta_key", "meta_value")
_PUBLIC, _SECRET = "edd_user_public_key", "edd_user_secret_key"

_FIRST = "(SELECT m.value FROM user_meta m WHERE m.user_id = u.id AND m.name = '{}' ORDER BY m.id LIMIT 1)"
_WITH_META = (
    "SELECT u.id, u.login, u.email, u.registered, u.name,"  # noqa: S608 (own names)
    f" {_FIRST.format('first_name')}, {_FIRST.format('last_name')}, {_FIRST.format('capabilities')}"
    " FROM user u WHERE u.id > ? ORDER BY u.id LIMIT ?"
)
"""Users with their metadata; of several rows of one name WordPress takes the first."""

_LONGEST_KEY = 64
_PAGE = 2_000


class UserPart:
    def __init__(self, staging: Staging, findings: Findings, prefix: str) -> None:
        self._staging = staging
        self._findings = findings
        self._capabilities = f"{prefix}capabilities"
        self._names_taken: set[str] = set()
        self._keys: dict[str, dict[int, list[tuple[int, str]]]] = {
            name: defaultdict(list) for name in (_PUBLIC, _SECRET, f"old {_PUBLIC}", f"old {_SECRET}")
        }
        self._network_admins: set[str] = set()
        staging.database.execute(
            "CREATE TABLE IF NOT EXISTS user"
            " (id INTEGER PRIMARY KEY, login TEXT, email TEXT, registered TEXT, name TEXT)"
        )
        staging.database.execute("CREATE TABLE IF NOT EXISTS buyer (id INTEGER PRIMARY KEY)")
        staging.database.execute(
            "CREATE TABLE IF NOT EXISTS user_meta"
            " (id INTEGER PRIMARY KEY, user_id INTEGER, name TEXT, value TEXT)"
        )

    def note_buyers(self, users: Iterable[str | None]) -> None:
        """Users who bought something, where not all customers are staged: a network's site knows them."""
        self._staging.database.executemany("REPLACE INTO buyer VALUES (?)", [(user,) for user in users])

    def get_tables(self) -> dict[str, Taken]:
        """By name without the prefix of the users' tables, which a network's sites share."""
        return {
            "users": Taken(_USERS, self._take_users),
            "usermeta": Taken(_META, self._take_meta),
            "sitemeta": Taken(_NETWORK, self._take_network),
        }

    def _take_users(self, rows: Iterable[Row]) -> None:
        self._staging.database.executemany("REPLACE INTO user VALUES (?, ?, ?, ?, ?)", rows)

    def _take_meta(self, rows: Iterable[Row]) -> None:
        kept: list[Row] = []
        for row in rows:
            name, value = row[2], row[3]
            if value in (_PUBLIC, _SECRET):
                self._note_key(value, row, name)
            elif name in (_PUBLIC, _SECRET):
                self._note_key(f"old {name}", row, value)
            elif name == self._capabilities:
                kept.append((row[0], row[1], "capabilities", value))
            elif name in ("first_name", "last_name") and value:
                kept.append(row)
        self._staging.database.executemany("REPLACE INTO user_meta VALUES (?, ?, ?, ?)", kept)

    def _note_key(self, name: str, row: Row, key: str | None) -> None:
        self._keys[name][take_whole(row[1])].append((take_whole(row[0]), key or ""))

    def _take_network(self, rows: Iterable[Row]) -> None:
        for name, value in rows:
            if name == "site_admins":
                self._network_admins.update(as_text(login) for login in self._get_map(value or "").values())

    def finish(self, options: ShopOptions, *, is_in_network: bool, names_taken: Iterable[str]) -> None:
        """`names_taken`: the user names that others than this shop's users have here."""
        self._names_taken.update(names_taken)
        self._add_roles(options.roles)
        database = self._staging.database
        database.execute("CREATE INDEX user_meta_of ON user_meta (user_id, name, id)")
        self._staging.flush()
        if is_in_network:
            # a network's site knows the users that have a role on it, and those that bought from it
            gone = database.execute(
                "DELETE FROM user WHERE id NOT IN (SELECT user_id FROM user_meta WHERE name = 'capabilities')"
                " AND id NOT IN (SELECT user_id FROM staged_shop_customer)"
                " AND id NOT IN (SELECT id FROM buyer)"
            )
            self._findings.leave_out("users", "they are of the network's other sites", gone.rowcount)
        last = -1
        host = urlsplit(options.home).netloc
        while users := database.execute(_WITH_META, (last, _PAGE)).fetchall():
            self._add_users(users, options.roles, host)
            last = users[-1][0]
        self._staging.flush()
        self._add_keys()

    def _add_roles(self, roles: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
        rows = []
        for slug, (name, granted) in roles.items():
            if len(slug) > 100:
                self._findings.leave_out("roles", "their names are longer than 100 characters")
                continue
            known = ", ".join(f'"{capability}"' for capability in sorted(KNOWN.intersection(granted)))
            rows.append((slug, name[:200], f"[{known}]"))
        self._staging.add(Role, rows)

    def _add_users(
        self, users: list[tuple[Any, ...]], roles: Mapping[str, tuple[str, tuple[str, ...]]], host: str
    ) -> None:
        rows, user_roles, grants = [], [], []
        for id_, login, email, registered, name, first, last, capabilities in users:
            login = (login or "")[:60]
            entries = self._get_entries(capabilities or "")
            held = {
                capability
                for slug, is_held in entries
                if is_held and slug in roles
                for capability in roles[slug][1]
            }
            slugs = []
            for entry, is_held in entries:
                if entry in roles and is_held and len(entry) <= 100:
                    slugs.append(entry)
                elif entry in KNOWN and entry not in roles:
                    grants.append((id_, entry, 1 if is_held else 0))
                    (held.add if is_held else held.discard)(entry)
            if login in self._network_admins:
                held |= KNOWN
            user_roles += [(id_, slug) for slug in slugs]
            rows.append(
                (
                    choose_username(login, id_, host, self._names_taken),
                    (first or "")[:150],
                    (last or "")[:150],
                    (email or "")[:254],
                    take_time(registered, EPOCH),
                    id_,
                    login,
                    (name or "")[:250],
                    " ".join(sorted(held & KNOWN)),
                    "\n".join(sorted(slugs)),
                )
            )
        self._staging.add(User, rows)
        self._staging.add(UserRole, user_roles)
        self._staging.add(UserCapability, grants)

    def _get_entries(self, text: str) -> tuple[tuple[str, bool], ...]:
        return _parse_entries(text) if text else ()

    def _get_map(self, text: str) -> dict[Any, Any]:
        try:
            return as_map(unserialize(text))
        except PhpValueError:
            return {}

    def _add_keys(self) -> None:
        """A key counts with its user's secret; EDD takes the first secret that it finds ([3.6] 2.1)."""
        seen: set[str] = set()
        for user, keys in self._pair_keys():
            found = self._staging.database.execute(
                "SELECT date_joined FROM staged_access_user WHERE wire_id = ?", (user,)
            ).fetchone()
            for public, secret in keys:
                if found is None:
                    self._findings.leave_out("API keys", "their user is not taken over")
                elif not secret:
                    self._findings.leave_out(
                        "API keys", "they have no secret key, so the shop refuses them too"
                    )
                elif not public or len(public) > _LONGEST_KEY or public in seen:
                    self._findings.leave_out("API keys", "they are empty, too long, or another user's too")
                else:
                    seen.add(public)
                    digest = digest_token(make_token(secret, public))
                    self._staging.add(ApiKey, [(user, public, digest, pepper_id(), found[0])])

    def _pair_keys(self) -> Iterable[tuple[int, list[tuple[str, str]]]]:
        for old in ("", "old "):
            publics, secrets = self._keys[f"{old}{_PUBLIC}"], self._keys[f"{old}{_SECRET}"]
            for user, rows in sorted(publics.items()):
                if old and user in self._keys[_PUBLIC]:
                    continue
                if len(rows) > 1:
                    why = "their user has several; all are taken over, with the user's one secret"
                    self._findings.leave_out("further API keys", why, len(rows) - 1)
                secret = min(secrets.get(user, []), default=(0, ""))[1]
                yield user, [(public, secret) for _, public in sorted(rows)]


def propose_usernames(login: str, id_: int, host: str) -> tuple[str, ...]:
    """The names that a user may be given, the best first."""
    return (login, f"{login}@{host}"[:150], f"{login}@{host}/{id_}"[-150:])


def choose_username(login: str, id_: int, host: str, taken: set[str]) -> str:
    """The name to log in by, which is taken then: the login, made longer where somebody else has it."""
    for name in propose_usernames(login, id_, host):
        if name and name not in taken:
            taken.add(name)
            return name
    return f"user {id_}"


@lru_cache(maxsize=10_000)
def _parse_entries(text: str) -> tuple[tuple[str, bool], ...]:
    try:
        entries = as_map(unserialize(text))
    except PhpValueError:
        return ()
    return tuple((str(name), bool(held) and held != "0") for name, held in entries.items())
