"""A shop in a folder of its site: pages, their files and their links are all below it."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import re
from tests.asking import ask
from tillroll.cli.stores import migrate_stores
migrate_stores()
print(ask("/shop/").headers["location"])
print(ask("/shop/admin/").headers["location"])
page = ask("/shop/admin/login/")
names = sorted(set(re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())))
print(page.status, len(names) > 5, all(name.startswith("/shop/") for name in names))
print({ask(name).status for name in names if "/static/" in name})
print(page.headers["content-security-policy"].partition("script-src ")[2].partition(";")[0])
print(ask("/shop/edd-api/v2/products/").data["products"], ask("/shop/healthz/ready").data)
"""


def test_a_shop_in_a_folder_keeps_to_it(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TILLROLL")}
    environment |= {"TILLROLL_HOME": str(tmp_path), "TILLROLL_PATH_PREFIX": "shop/"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "/shop/admin/",
        "/shop/admin/login/?next=/shop/admin/",
        "200 True True",
        "{200}",
        "'self' 'unsafe-eval'",
        "[] {'status': 'ok'}",
    ], done.stderr
