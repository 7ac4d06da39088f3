"""The documentation is whole and true: what can be set, called or asked is in it, its links lead somewhere,
and the README's lines work as they stand."""

import base64
import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import pytest
from django.conf import settings as django_settings

from tests.asking import Reply, ask
from tillroll.access.capabilities import ENDPOINTS, ROLES, Capability
from tillroll.cli import tillroll
from tillroll.eddapi.request import VERSIONS
from tillroll.health import PROBES
from tillroll.shop.models import Dialect, ShopSettings
from tillroll.stats.periods import PERIODS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src/tillroll"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])


@lru_cache
def read(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


@lru_cache
def read_sources(folder: str) -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted((SOURCE / folder).rglob("*.py")))


def list_missing(names: object, page: str) -> list[str]:
    """Those that a page does not name as code."""
    text = read(page)
    return [name for name in names if f"`{name}`" not in text]  # type: ignore[attr-defined]


# Settings


def test_every_environment_variable_is_documented() -> None:
    names = set(re.findall(r'"(TILLROLL_[A-Z_]+)"', (SOURCE / "settings.py").read_text("utf-8")))
    assert len(names) > 10
    assert list_missing(sorted(names), "settings.md") == []


def test_no_environment_variable_is_documented_that_nobody_reads() -> None:
    source = (SOURCE / "settings.py").read_text("utf-8")
    named = {name for page in PAGES for name in re.findall(r"\bTILLROLL_[A-Z_]+", page.read_text("utf-8"))}
    for_tools = {name for name in named if name.startswith(("TILLROLL_TEST_", "TILLROLL_BENCH_"))}
    assert {name for name in named - for_tools if f'"{name}"' not in source} == set()


def test_every_setting_of_the_shop_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", read("settings.md"), re.MULTILINE))
    fields = [field for field in ShopSettings._meta.fields if not field.primary_key]
    wrong = {}
    for field in fields:
        value = field.get_default()
        shown = {"True": "yes", "False": "no", "": "empty", "[]": "empty"}.get(str(value), f"`{value}`")
        if field.name not in rows or not rows[field.name].startswith(shown):
            wrong[field.name] = (rows.get(field.name), shown)
    assert wrong == {}
    assert {name for name in rows if name.islower()} == {field.name for field in fields}


def test_the_dialects_are_documented() -> None:
    assert list_missing(Dialect.values, "dialects.md") == []


# Commands


def list_commands(group: click.Group, path: str = "tillroll") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from list_commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(list_commands(tillroll))


def find_section(path: str) -> str:
    """What the page says of a command: its own heading's text; else its own part of the group's, behind what
    the group says of all its commands."""
    sections = dict(
        re.findall(r"^## (tillroll [^\n]+)\n(.*?)(?=^## |\Z)", read("commands.md"), re.MULTILINE | re.DOTALL)
    )
    if path in sections:
        return str(sections[path])
    group = sections.get(path.rpartition(" ")[0], "")
    found = re.search(rf"\*\*`{path}\b.*?(?=\n\*\*`tillroll|\Z)", group, re.DOTALL)
    return group.partition("\n**`tillroll")[0] + found[0] if found else ""


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_is_documented(path: str) -> None:
    section = find_section(path)
    assert section, f"docs/commands.md does not tell of `{path}`"
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            assert any(f"`{name}" in section for name in parameter.opts), parameter.opts
        else:
            assert parameter.human_readable_name.upper().rstrip(".") in section


def test_no_option_is_documented_that_is_not_there() -> None:
    known = {
        name
        for command in COMMANDS.values()
        for one in command.params
        for name in (*one.opts, *one.secondary_opts)
    }
    named = set(re.findall(r"`(--[a-z-]+)", read("commands.md")))
    assert named - known == {"--help"}


def test_every_command_line_in_the_documentation_exists() -> None:
    lines = [
        line
        for page in PAGES
        for line in re.findall(r"^(?:\S*/)?tillroll ([a-z][^\n#|]*)", page.read_text("utf-8"), re.MULTILINE)
    ]
    assert len(lines) > 10
    for line in lines:
        words = shlex.split(line)
        assert any(f"tillroll {' '.join(words[:length])}" in COMMANDS for length in (1, 2)), line


# The API


def test_every_endpoint_version_and_health_page_is_documented() -> None:
    assert [name for name in ENDPOINTS if f"\n## {name}\n" not in read("api.md")] == []
    assert [name for name in VERSIONS if f"/edd-api/{name}/" not in read("api.md")] == []
    assert list_missing(PROBES, "api.md") == []
    assert list_missing(PROBES, "running.md") == []
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in ENDPOINTS if f"\n| `{name}` |" not in readme] == []


def test_every_parameter_that_is_read_is_documented() -> None:
    source = read_sources("eddapi")
    names = set(re.findall(r'(?:question|parameters)\.(?:text|get|words)\("([a-z_]+)"\)', source))
    names |= set(re.findall(r'_read_terms\(question, "([a-z]+)"\)', source))
    names |= {"startdate", "enddate"} if '("startdate", "enddate")' in source else set()
    assert {"number", "page", "customer", "startdate", "include_tax", "category", "pretty"} <= names
    assert list_missing(sorted(names), "api.md") == []


def test_every_header_that_is_sent_is_documented() -> None:
    source = read_sources("eddapi")
    names = set(re.findall(r'[({]"((?:[A-Z][A-Za-z]*)(?:-[A-Za-z]+)*)"[,:]', source))
    sent = {
        name
        for name in names
        if re.search("[a-z]", name) and ("-" in name or name in ("Link", "Allow", "Vary"))
    }
    assert {"X-EDD-Total", "X-EDD-Missing-Capability", "Retry-After", "Allow", "Cache-Control"} <= sent
    assert [name for name in sorted(sent) if f"`{name}" not in read("api.md")] == []


def test_every_error_text_is_documented() -> None:
    texts = set(re.findall(r'"([A-Z][^"{}]*!)"', read_sources("eddapi")))
    assert {"Invalid query!", "Invalid API key!", "No download logs found!"} <= texts
    assert [text for text in sorted(texts) if f"`{text}`" not in read("api.md")] == []


def test_every_period_capability_and_role_is_documented() -> None:
    assert list_missing(PERIODS, "api.md") == []
    assert list_missing(Capability, "security.md") == []
    assert list_missing(ROLES, "security.md") == []


# Links


def list_links() -> list[tuple[str, str]]:
    return [
        (str(page.relative_to(ROOT)), target)
        for page in PAGES
        for target in re.findall(r"\[[^\]]+\]\(([^)\s]+)\)", page.read_text("utf-8"))
    ]


def list_anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("page", "target"), list_links())
def test_every_link_leads_somewhere(page: str, target: str) -> None:
    parts = urlsplit(target)
    if parts.scheme:
        assert parts.scheme == "https"
        return
    file = (ROOT / page).parent / unquote(parts.path) if parts.path else ROOT / page
    assert file.is_file(), target
    if parts.fragment:
        assert parts.fragment in list_anchors(file), target


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [page.name for page in DOCS.glob("*.md") if f"(docs/{page.name})" not in readme] == []


# The README's own lines


@pytest.fixture(scope="module")
def credentials(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """A demo shop's, as a shell reads them from the file."""
    from tests.shops import empty_shop
    from tillroll.intake.demo import ensure_access, fill_demo

    with django_db_blocker.unblock():
        empty_shop()
        fill_demo(60, seed=1, dialect="documented")
        access = ensure_access()
        assert access is not None
        lines = access.path.read_text("utf-8").splitlines()
        yield dict(line.split("=", 1) for line in lines)
        access.path.unlink()
        empty_shop()


def list_curl_lines() -> list[tuple[str, str]]:
    pages = (ROOT / "README.md", DOCS / "getting-started.md", DOCS / "running.md")
    return [
        (page.name, line)
        for page in pages
        for line in re.findall(r'curl [^\n`]*"?http[^\n`"]+"?', page.read_text("utf-8"))
    ]


def run_curl(line: str, variables: dict[str, str]) -> Reply:
    """Asks what a curl line asks, once the shell has put in its variables."""
    text = re.sub(r"\$(\w+)", lambda found: variables[found[1]], line)
    words = shlex.split(text)[1:]
    headers = {}
    if words[0] == "-u":
        headers["Authorization"] = "Basic " + base64.b64encode(words[1].encode()).decode()
        words = words[2:]
    [url] = words
    parts = urlsplit(url)
    assert parts.netloc == "127.0.0.1:8000"
    return ask(parts.path, parts.query, headers=headers)


@pytest.mark.django_db(databases=["default", "logs"])
@pytest.mark.parametrize(("page", "line"), [one for one in list_curl_lines() if "/edd-api/" in one[1]])
def test_every_curl_line_works_as_it_stands(page: str, line: str, credentials: dict[str, str]) -> None:
    reply = run_curl(line, credentials)
    assert reply.status == 200
    assert "error" not in reply.data
    assert list(reply.data)[-1] == "request_speed"
    assert len(reply.data) > 1, "the demo's key sees nothing"


def test_there_is_a_curl_line_for_every_endpoint() -> None:
    lines = "\n".join(line for page, line in list_curl_lines() if page == "README.md")
    assert [name for name in ENDPOINTS if f"/edd-api/v2/{name}/" not in lines] == []


def test_the_readmes_commands_are_there() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for script in ("script/server", "script/test"):
        assert f"\n{script} " in readme
        assert (ROOT / script).stat().st_mode & 0o111
    assert str(django_settings.STATIC_URL) == "/static/"
