"""`tillroll demo` and `tillroll import` as a newcomer runs them."""

import json
import re
import urllib.request
from pathlib import Path

from tests.cli.running import Shop, refusal

DUMP = Path(__file__).parents[1] / "conformance/data/dump.sql.gz"


def test_one_command_makes_a_shop_and_shows_the_way_in(bare_home: Shop) -> None:
    done = bare_home.run("demo", "--orders", "40", "--seed", "5")
    assert (done.returncode, done.stderr) == (0, "")
    first = done.stdout.splitlines()[0]
    assert re.fullmatch(
        r"A demo shop: 17 products, \d+ customers, 40 sales, \d+ refunds, \d+ file downloads\.", first
    )
    kept = dict(line.split("=", 1) for line in (bare_home.home / "demo-credentials").read_text().splitlines())
    assert f"key={kept['public_key']}&token={kept['token']}" in done.stdout
    assert f"password   {kept['password']}" in done.stdout
    assert {path.name for path in bare_home.home.iterdir()} == {
        "demo-credentials", "logs.sqlite3", "migrate.lock", "secrets", "tillroll.sqlite3",
        "tillroll.sqlite3-beacon",
    }  # fmt: skip


def test_a_demo_is_made_only_if_the_shop_is_empty_where_that_is_asked(shop: Shop) -> None:
    assert "40 sales" in shop.run("demo", "--orders", "40", "--if-empty").stdout
    done = shop.run("demo", "--orders", "50", "--if-empty")
    assert (done.returncode, done.stdout) == (0, "The shop has records; nothing was done.\n")
    assert "50 sales" in shop.run("demo", "--orders", "50", "--dialect", "edd3").stdout
    assert shop.execute("SELECT COUNT(*) FROM shop_order WHERE type = 'sale'") == [(50,)]
    assert shop.execute("SELECT dialect FROM shop_shopsettings") == [("edd3",)]


def test_an_import_takes_the_place_of_a_demo_which_then_can_not_come_back(shop: Shop) -> None:
    shop.run("demo", "--orders", "40")
    done = shop.run("import", "wordpress", str(DUMP))
    assert done.returncode == 0, done.stderr
    assert re.search(r"orders +│ +283 │", done.stdout)
    assert done.stderr == ""
    assert not (shop.home / "demo-credentials").exists()
    assert shop.execute("SELECT COUNT(*) FROM access_user WHERE is_demo") == [(0,)]
    assert refusal(shop.run("demo")).startswith("This shop has records that are not a demo's;")
    assert shop.execute("SELECT COUNT(*) FROM shop_order") == [(283,)]
    again = shop.run("import", "wordpress", str(DUMP))
    assert re.search(r"orders +│ +0 │ +0 │ +0 │ +283 │", again.stdout)


def test_a_file_that_is_no_shop_is_refused_in_a_sentence(shop: Shop, tmp_path: Path) -> None:
    shop.run("demo", "--orders", "20")
    (tmp_path / "other.sql").write_text("CREATE TABLE `a` (`b` int);\nINSERT INTO `a` VALUES (1);\n")
    assert "other.sql" in refusal(shop.run("import", "wordpress", str(tmp_path / "other.sql")))
    assert shop.execute("SELECT COUNT(*) FROM shop_order WHERE type = 'sale'") == [(20,)]
    assert (shop.home / "demo-credentials").exists()


def test_a_demo_can_be_made_anew_below_a_running_server(shop: Shop) -> None:
    shop.run("demo", "--orders", "20")
    server = shop.serve()
    server.wait_until_ready()
    done = shop.run("demo", "--orders", "30", "--seed", "2")
    assert done.returncode == 0, done.stderr
    url = re.findall(r"curl 'http://127\.0\.0\.1:8000(/edd-api/v2/customers/[^']*)'", done.stdout)[0]
    with urllib.request.urlopen(server.url + url, timeout=30) as reply:
        assert len(json.load(reply)["customers"]) == 5
