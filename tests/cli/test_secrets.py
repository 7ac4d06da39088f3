"""No secret is kept or told: every one that was made is looked for in both databases, in all files, in what
the server and the commands printed, and on every page but the one that showed it."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from urllib.parse import urlencode

import pytest

from tests.cli.running import DEADLINE, Server, Shop
from tests.conftest import STORE
from tests.shops import basic, bearing, signed
from tillroll.access.digests import Pair

PASSWORD = "lantern-in-the-fog"


class Visitor:
    """A browser without a screen: keeps cookies and every answer."""

    def __init__(self, server: Server) -> None:
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar())).open
        self._url = server.url
        self.seen: list[str] = []

    def ask(
        self, path: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> str:
        """A page or an answer, also a refused one, with its headers in front."""
        body = None if form is None else urlencode(form).encode()
        asked = urllib.request.Request(self._url + path, body, {"Referer": self._url, **(headers or {})})
        try:
            reply = self._open(asked, timeout=DEADLINE)
        except urllib.error.HTTPError as error:
            reply = error
        with reply:
            text = f"{reply.headers}\n{reply.read().decode()}"
        self.seen.append(text)
        return text

    def send(self, path: str, **fields: str) -> str:
        """The form of a page, with what is hidden in it."""
        page = self.ask(path)
        hidden = {}
        for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page):
            name, value = (re.search(rf'{part}="([^"]*)"', tag) for part in ("name", "value"))
            if name:
                hidden[name[1]] = value[1] if value else ""
        return self.ask(path, {**hidden, **fields})


def read_printed(text: str) -> Pair:
    told = dict(line.split(None, 1) for line in text.splitlines() if len(line.split()) == 2)
    return Pair(told["key"], told["token"], told["bearer"])


def read_page(page: str) -> Pair:
    key, secret = re.findall(r"tillroll_([0-9a-f]{32})_([A-Za-z0-9]{46})", page)[0]
    tokens = set(re.findall(rf"key={key}&amp;token=([0-9a-f]{{32}})", page))
    [token] = tokens
    return Pair(key, token, f"tillroll_{key}_{secret}")


def use(visitor: Visitor, pair: Pair) -> None:
    """Asks in every way, right and wrong, as clients do and as slips look."""
    query = urlencode(signed(pair))
    for version in ("v1", "v2"):
        for endpoint in ("sales", "customers", "info", "products", "nothing"):
            visitor.ask(f"/edd-api/{version}/{endpoint}/?{query}")
            visitor.ask(f"/edd-api/{version}/{endpoint}/?{query}&format=xml")
            visitor.ask(f"/edd-api/{version}/{endpoint}/", headers=basic(pair))
            visitor.ask(f"/edd-api/{version}/{endpoint}/", headers=bearing(pair))
            visitor.ask(f"/edd-api/{version}/{endpoint}/", form={"key": pair.public_key, "token": pair.token})
    slips = (
        f"key={pair.public_key}&token={pair.bearer}",
        f"key={pair.bearer}&token={pair.token}",
        f"key={pair.token}&token={pair.public_key}",
        f"key={pair.public_key}&s=1?token={pair.token}",
        query.replace("&", "&amp;"),
        query.replace("=", "%3D"),
    )
    for slip in slips:
        visitor.ask(f"/edd-api/v2/sales/?{slip}")
    for header in (f"Bearer {pair.bearer}x", f"Bearer {pair.token}", f"bearer  {pair.bearer}", "Basic x"):
        visitor.ask("/edd-api/v2/sales/", headers={"Authorization": header})


def dump(shop: Shop) -> Iterator[str]:
    """Every row of both databases, and on SQLite the files' own bytes, which may hold what was deleted."""
    tables = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    }[STORE]
    for alias in ("default", "logs"):
        for (table,) in shop.execute(tables, alias):
            yield f"{table}: {shop.execute(f'SELECT * FROM {table}', alias)}"  # noqa: S608 (the tables' own names)
    for path in sorted(shop.home.rglob("*")):
        if path.is_file() and path.name != "secrets":
            yield f"{path.name}: {path.read_bytes().decode('latin-1')}"


@pytest.fixture
def server(shop: Shop) -> Server:
    assert shop.run("settings", "set", "auto_keys", "everybody").returncode == 0
    assert shop.run("settings", "set", "user_keys_allowed", "yes").returncode == 0
    assert shop.run("settings", "set", "log_public_requests", "yes").returncode == 0
    server = shop.serve("--access-log", TILLROLL_LOG_LEVEL="INFO")
    server.wait_until_ready()
    return server


def test_no_secret_is_kept_or_told_but_once(shop: Shop, server: Server) -> None:
    added = shop.run(
        "user", "add", "ada", "--superuser", "--role", "shop_manager", "--password-stdin",
        typed=f"{PASSWORD}\n",
    )  # fmt: skip
    pairs = [read_printed(added.stdout)]
    pairs.append(read_printed(shop.run("keys", "issue", "ada", "--label", "Till").stdout))
    pairs.append(read_printed(shop.run("keys", "rotate", pairs[1].public_key).stdout))
    visitor = Visitor(server)
    visitor.send("/admin/login/", username="ada", password=f"{PASSWORD}!")
    visitor.send("/admin/login/", username="ada", password=PASSWORD)
    [(ada,)] = shop.execute("SELECT id FROM access_user WHERE username = 'ada'")
    user_page = f"/admin/access/user/{ada}/change/"
    for path in (user_page, "/admin/my-keys/"):
        pairs.append(read_page(visitor.send(path, generate="on", label="Page")))
        visitor.seen.pop()  # the one answer that shows it
    for pair in pairs:
        use(visitor, pair)
    assert shop.run("keys", "new-pepper").returncode == 0
    [(key,)] = shop.execute("SELECT MAX(id) FROM access_apikey")
    for path in (
        "/admin/", user_page, "/admin/my-keys/", "/admin/access/apikey/",
        f"/admin/access/apikey/{key}/change/", "/admin/access/apikey/export/",
        "/admin/access/requestlogentry/", "/admin/access/user/",
        "/admin/access/requestlogentry/export/csv/", "/admin/access/requestlogentry/export/ndjson/",
    ):  # fmt: skip
        visitor.ask(path)
    printed = [
        shop.run(*command)
        for command in (
            ("keys", "list", "--all"), ("keys", "list", "--json"), ("keys", "show", pairs[0].public_key),
            ("keys", "revoke", "--user", "ada"), ("user", "list"), ("doctor",), ("logs", "show"),
            ("logs", "export", "-", "--format", "ndjson"), ("settings", "list"), ("keys", "show", "nokey"),
        )
    ]  # fmt: skip
    assert server.stop() == 0

    [(lines,)] = shop.execute("SELECT COUNT(*) FROM access_requestlogentry", "logs")
    assert lines >= len(pairs) * 60
    kept = [*dump(shop), *visitor.seen, server.output, *(one.stdout + one.stderr for one in printed)]
    secrets = [
        PASSWORD,
        *(shop.home / "secrets").read_text().replace("\n", " ").replace("=", " ").split()[1::2],
    ]
    for pair in pairs:
        secrets += [pair.token, pair.bearer, pair.bearer.rpartition("_")[2]]
        assert any(pair.public_key in place for place in kept)
    assert len(set(secrets)) == len(secrets) >= 3 + 3 * len(pairs)
    found = [(secret[:6], place[:60]) for secret in secrets for place in kept if secret in place]
    assert found == []
