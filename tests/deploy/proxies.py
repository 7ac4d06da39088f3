"""nginx, Apache and Caddy as processes of a test, with the very files that are shipped: only ports, paths and
the seconds that a hanging Tillroll is waited for are others."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.cli.running import DEADLINE, find_free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
WAIT = 1
"""Seconds for which the proxy waits for a Tillroll that hangs."""

ELSEWHERE = "/usr/sbin:/usr/local/sbin"
"""Where Debian has servers, which is not on everybody's path."""


@dataclass(frozen=True)
class Places:
    """The ports of the proxy and of the two that it asks, and the folder for all that it writes."""

    folder: Path
    port: int
    tillroll: int
    wordpress: int

    def put_into(self, text: str, *changes: tuple[str, str]) -> str:
        """A shipped file for this test; each change has to find what it replaces."""
        for old, new in (
            ("127.0.0.1:8000", f"127.0.0.1:{self.tillroll}"),
            ("127.0.0.1:8080", f"127.0.0.1:{self.wordpress}"),
            *changes,
        ):
            text, count = re.subn(old, new, text)
            assert count or (old, new) not in changes, old
        assert "/var/log" not in text
        return text


class Proxy:
    """One that runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", places: Places) -> None:
        self._process = process
        self._places = places

    @property
    def port(self) -> int:
        return self._places.port

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE)

    def read_logs(self) -> dict[str, str]:
        """Everything that it wrote, by the file's name."""
        return {path.name: path.read_text() for path in self._places.folder.glob("*.log")}


Prepare = Callable[[Places], list[str]]


FALLBACKS: dict[str, Callable[[Places], tuple[tuple[str, str], ...]]] = {
    "php": lambda places: (("unix:/run/php/php-fpm.sock", f"127.0.0.1:{places.wordpress}"),),
    "proxy": lambda _: (),
}


def prepare_nginx(fallback: str) -> Prepare:
    def prepare(places: Places) -> list[str]:
        logs = ("/var/log/nginx", str(places.folder))
        shipped = {
            name: places.put_into((DEPLOY / "nginx" / f"{name}.conf").read_text(), logs, *changes)
            for name, changes in (
                ("tillroll", ()),
                ("tillroll-api", (("proxy_read_timeout 10s", f"proxy_read_timeout {WAIT}s"),)),
                (f"tillroll-fallback-{fallback}", FALLBACKS[fallback](places)),
            )
        }
        temporary = "".join(
            f"{kind}_temp_path {places.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # the site's own part: what it asks for pages, here without PHP
        site = f"proxy_pass http://127.0.0.1:{places.wordpress}$request_uri; proxy_set_header Host $host;"
        (places.folder / "nginx.conf").write_text(
            f"""
            daemon off; master_process off; pid {places.folder}/pid; error_log {places.folder}/error.log info;
            events {{}}
            http {{
                access_log off; {temporary}
                {shipped["tillroll"]}
                server {{
                    listen 127.0.0.1:{places.port};
                    access_log {places.folder}/site.log combined if=$is_not_edd_api;
                    {shipped["tillroll-api"]}
                    {shipped[f"tillroll-fallback-{fallback}"]}
                    location / {{ {site} }}
                    location ~ \\.php$ {{ {site} }}
                }}
            }}
            """
        )
        # what it says before it has read where its messages go
        return ["nginx", "-p", str(places.folder), "-c", "nginx.conf", "-e", str(places.folder / "error.log")]

    return prepare


MODULES = (
    "mpm_event",
    "authz_core",
    "proxy",
    "proxy_http",
    "proxy_balancer",
    "lbmethod_byrequests",
    "slotmem_shm",
    "rewrite",
    "headers",
    "setenvif",
)


def prepare_apache(places: Places) -> list[str]:
    shipped = places.put_into(
        (DEPLOY / "apache.conf").read_text(),
        ("/var/log/apache2", str(places.folder)),
        ("timeout=10 ", f"timeout={WAIT} "),
        ("retry=30", "retry=1"),
    )
    (places.folder / "tillroll.conf").write_text(shipped)
    modules = "".join(f"LoadModule {name}_module modules/mod_{name}.so\n" for name in MODULES)
    user = "User www-data\nGroup www-data\n" if os.getuid() == 0 else ""  # it refuses to serve as root
    (places.folder / "apache.conf").write_text(
        f"""
ServerRoot /usr/lib/apache2
{modules}{user}
PidFile {places.folder}/pid
DefaultRuntimeDir {places.folder}
Mutex file:{places.folder} default
ErrorLog {places.folder}/error.log
Listen 127.0.0.1:{places.port}
ServerName shop.example
<VirtualHost 127.0.0.1:{places.port}>
    LogFormat "%h %r %>s" combined
    CustomLog {places.folder}/site.log combined env=!edd_api
    Include {places.folder}/tillroll.conf
    RewriteCond %{{ENV:edd_api}} !=1
    RewriteRule ^/(?!\\.edd-api) http://127.0.0.1:{places.wordpress}%{{REQUEST_URI}} [P,L]
</VirtualHost>
"""
    )
    return ["apache2", "-f", str(places.folder / "apache.conf"), "-DFOREGROUND"]


def prepare_caddy(places: Places, more: str = "") -> list[str]:
    """Caddy with further sites in its file."""
    (places.folder / "Caddyfile").write_text(
        places.put_into(
            (DEPLOY / "Caddyfile").read_text() + more,
            ("/var/log/caddy", str(places.folder)),
            ("response_header_timeout 10s", f"response_header_timeout {WAIT}s"),
            ("fail_duration 30s", "fail_duration 1s"),
            ("(?m)^shop.example ", f"http://:{places.port} "),
            (r"(?m)^\{", f"{{\n admin off\n auto_https off\n storage file_system {places.folder}/caddy\n"),
        )
    )
    return ["caddy", "run", "--config", str(places.folder / "Caddyfile"), "--adapter", "caddyfile"]


PROXIES: dict[str, Prepare] = {
    "nginx before PHP": prepare_nginx("php"),
    "nginx": prepare_nginx("proxy"),
    "apache": prepare_apache,
    "caddy": prepare_caddy,
}


@contextmanager
def start_proxy(prepare: Prepare, folder: Path, tillroll: int, wordpress: int) -> Iterator[Proxy]:
    """A proxy that listens; skips the test where it is missing, and fails it where everything has to be
    there."""
    folder.chmod(0o777)  # as root, Apache's workers are somebody else
    places = Places(folder, find_free_port(), tillroll, wordpress)
    name, *arguments = prepare(places)
    program = shutil.which(name, path=f"{os.environ['PATH']}:{ELSEWHERE}")
    if program is None:
        reason = f"There is no {name} on this machine."
        if os.environ.get("TILLROLL_TEST_REQUIRE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with (folder / "said.log").open("w") as said:
        process = subprocess.Popen(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, "HOME": str(folder)},
        )
    proxy = Proxy(process, places)
    try:
        _wait_until_it_listens(process, proxy)
        yield proxy
    finally:
        proxy.stop()


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", proxy: Proxy) -> None:
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        assert process.poll() is None, proxy.read_logs()
        connection = HTTPConnection("127.0.0.1", proxy.port, timeout=5)
        try:
            connection.connect()
        except OSError:
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
    raise AssertionError(proxy.read_logs())
