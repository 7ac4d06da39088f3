"""What a shop's database may hold or go through that a mirror could stumble over: in the end it equals an
import of the same database, row for row."""

# ruff: noqa: S608 (the statements are made of the tests' own names)

from pathlib import Path

import pytest

from tests.intake.mirror.conftest import make_follower
from tests.intake.mirror.day import Day
from tests.intake.mirror.records import read_records, tell_differences
from tests.mariadb import Server, Shop
from tests.shops import empty_shop
from tillroll.access.models import ApiKey, User
from tillroll.intake import apply as intake
from tillroll.intake.mirror import following, rounds, unfinished
from tillroll.intake.mirror.connection import SourceChanged, SourceProblem
from tillroll.intake.mirror.copying import Copied
from tillroll.intake.mirror.following import Follower, MirrorRefused
from tillroll.intake.mirror.ledger import Ledger
from tillroll.intake.mirror.record import forget
from tillroll.intake.mirror.rounds import Round
from tillroll.intake.mirror.watching import Found
from tillroll.intake.wordpress.importer import import_dump
from tillroll.shop.models import Customer, Mirror, Order, OrderNote, Product
from tillroll.stats.reconcile import Reconciliation

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = "UTC_TIMESTAMP()"


def check(server: Server, path: Path, follower: Follower) -> None:
    """After a quiet thorough round."""
    follower.run(is_thorough=True)
    assert list(Reconciliation()) == []
    ours = read_records()
    empty_shop()
    import_dump(server.write_dump(path / "fresh.sql"))
    assert tell_differences(ours, read_records()) == []


@pytest.fixture
def follower(server: Server, folder: Path) -> Follower:
    follower = make_follower(server, folder)
    follower.run()
    return follower


def test_a_fee_that_becomes_another_orders(server: Server, shop: Shop, folder: Path, tmp_path: Path) -> None:
    items = shop.select(
        "SELECT i.id, o.id FROM wp_edd_order_items i JOIN wp_edd_orders o ON o.id = i.order_id"
        " WHERE o.type = 'sale' AND o.status = 'complete' AND i.status = 'complete' ORDER BY i.id"
    )
    (item, _), (_, other) = items[0], items[-1]
    fee = shop.insert(
        "edd_order_adjustments",
        object_id=item,
        object_type="order_item",
        type="fee",
        total=5,
        date_modified="2024-01-01",
    )
    follower = make_follower(server, folder)
    follower.run()
    shop.run(
        f"UPDATE wp_edd_order_adjustments SET object_type = 'order', object_id = %s, date_modified = {NOW}"
        " WHERE id = %s",
        other,
        fee,
    )
    follower.run()
    check(server, tmp_path, follower)


def test_a_change_that_is_taken_back_while_the_mirror_is_dead(
    follower: Follower,
    server: Server,
    shop: Shop,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    def die(_found: Found, _ledger: Ledger) -> None:
        raise Killed

    customer = shop.insert(
        "edd_customers", email="ghost@shop.example", name="Ghost", date_modified="2024-01-01"
    )
    with monkeypatch.context() as patched:
        patched.setattr(Found, "tell", die)
        with pytest.raises(Killed):
            follower.run()
    shop.run("DELETE FROM wp_edd_customers WHERE id = %s", customer)
    check(server, tmp_path, make_follower(server, folder))


def make_network(shop: Shop) -> None:
    """The shop becomes the second site of a network."""
    for (table,) in shop.select("SHOW TABLES"):
        if table not in ("wp_users", "wp_usermeta"):
            shop.run(f"RENAME TABLE `{table}` TO `{table.replace('wp_', 'wp_2_', 1)}`")
    shop.run("UPDATE wp_usermeta SET meta_key = 'wp_2_capabilities' WHERE meta_key = 'wp_capabilities'")
    shop.run("UPDATE wp_2_options SET option_name = 'wp_2_user_roles' WHERE option_name = 'wp_user_roles'")


def test_a_site_of_a_network_keeps_its_buyers(
    server: Server, shop: Shop, folder: Path, tmp_path: Path
) -> None:
    buyer = shop.insert("users", user_login="buyer", user_email="buyer@shop.example", display_name="Buyer")
    shop.insert("users", user_login="stranger", user_email="stranger@shop.example")
    customer = shop.insert(
        "edd_customers", email="buyer@shop.example", user_id=buyer, date_modified="2024-01-01"
    )
    make_network(shop)
    follower = make_follower(server, folder)
    follower.run()
    assert User.objects.filter(login="buyer").exists()
    assert not User.objects.filter(login="stranger").exists()
    shop.run("UPDATE wp_2_options SET option_value = 'New name' WHERE option_name = 'blogname'")
    follower.run()
    assert User.objects.filter(login="buyer").exists()
    shop.run(f"UPDATE wp_2_edd_customers SET user_id = 0, date_modified = {NOW} WHERE id = %s", customer)
    follower.run()
    assert not User.objects.filter(login="buyer").exists()
    check(server, tmp_path, follower)


@pytest.mark.parametrize(
    "content",
    [
        "_utf8mb4 0x61EDA0BDEDB88062",  # a surrogate: no text, but the server keeps it
        "CONCAT('a', CHAR(31), 'b', CHAR(30), 'c', CHAR(29), 'd')",
        "CHAR(30)",
        "CHAR(31)",
        "CONCAT('🎉 é', CHAR(0), '\\\\ %% \\'')",
        "''",
    ],
)
def test_texts_of_any_kind(
    content: str, follower: Follower, server: Server, shop: Shop, folder: Path, tmp_path: Path
) -> None:
    ((order,),) = shop.select("SELECT MAX(id) FROM wp_edd_orders")
    shop.run(
        "INSERT INTO wp_edd_notes (object_id, object_type, user_id, content, date_created, date_modified)"
        f" VALUES (%s, 'order', 0, {content}, {NOW}, {NOW})",
        order,
    )
    done = follower.run()
    assert isinstance(done, Round)
    assert done.changes[OrderNote].added == 1
    check(server, tmp_path, follower)
    empty_shop()
    again = make_follower(server, folder)  # the other way of reading: in pages
    assert isinstance(again.run(), Copied)
    check(server, tmp_path, again)


def test_tables_in_another_character_set(server: Server, shop: Shop, folder: Path, tmp_path: Path) -> None:
    for table in ("wp_edd_notes", "wp_edd_orders", "wp_terms"):
        shop.run(f"ALTER TABLE {table} CONVERT TO CHARACTER SET latin1")
    follower = make_follower(server, folder)
    follower.run()
    day = Day(shop, 21)
    shop.run(f"UPDATE wp_edd_notes SET content = 'Zoë für 5 €', date_modified = {NOW} LIMIT 3")
    day.note()
    follower.run()
    assert OrderNote.objects.filter(content="Zoë für 5 €").count() == 3
    check(server, tmp_path, follower)


def test_a_row_longer_than_the_server_sends_at_once(follower: Follower, shop: Shop) -> None:
    ((most,),) = shop.select("SELECT @@max_allowed_packet")
    length = int(most) - 100
    if length > 20_000_000:
        pytest.skip("this server sends very long rows")
    shop.run(
        "UPDATE wp_posts SET post_content = REPEAT('x', %s) WHERE post_type = 'download' LIMIT 1", length
    )
    follower.run()
    assert max(len(content) for content in Product.objects.values_list("content", flat=True)) == length


def test_a_public_key_that_two_users_have(server: Server, shop: Shop, folder: Path, tmp_path: Path) -> None:
    first, last = (
        user for ((user,),) in (shop.select(f"SELECT {what}(ID) FROM wp_users") for what in ("MIN", "MAX"))
    )
    for user, secret in ((first, "one"), (last, "other")):
        shop.insert("usermeta", user_id=user, meta_key="twice", meta_value="edd_user_public_key")
        shop.insert("usermeta", user_id=user, meta_key=secret, meta_value="edd_user_secret_key")
    follower = make_follower(server, folder)
    follower.run()
    shop.run("UPDATE wp_users SET display_name = 'Other' WHERE ID = %s", last)
    follower.run()
    assert ApiKey.objects.get(public_key="twice").user_id == first
    check(server, tmp_path, follower)


def test_customers_of_one_email(server: Server, shop: Shop, folder: Path, tmp_path: Path) -> None:
    """An old shop's table may lack its unique index; the first of them is found by the address."""
    shop.run("ALTER TABLE wp_edd_customers DROP INDEX email")
    first, second = (
        shop.insert("edd_customers", email=email, date_modified="2024-01-01")
        for email in ("Twin@shop.example", "twin@SHOP.example")
    )
    follower = make_follower(server, folder)
    follower.run()
    assert Customer.objects.get(email_folded="twin@shop.example").pk == first
    shop.run(
        f"UPDATE wp_edd_customers SET email = 'other@shop.example', date_modified = {NOW} WHERE id = %s",
        first,
    )
    follower.run()
    assert Customer.objects.get(email_folded="twin@shop.example").pk == second
    shop.run("DELETE FROM wp_edd_customers WHERE id = %s", second)
    shop.run(
        f"UPDATE wp_edd_customers SET email = 'twin@shop.example', date_modified = {NOW} WHERE id = %s",
        first,
    )
    follower.run(is_thorough=True)
    assert Customer.objects.get(email_folded="twin@shop.example").pk == first
    check(server, tmp_path, follower)


def test_a_table_that_came_later_and_is_lost(server: Server, shop: Shop, folder: Path) -> None:
    shop.run("RENAME TABLE wp_edd_tax_rates TO kept_rates")
    follower = make_follower(server, folder)
    follower.run()
    shop.run("RENAME TABLE kept_rates TO wp_edd_tax_rates")
    follower.run()
    shop.run("RENAME TABLE wp_edd_tax_rates TO kept_rates")
    with pytest.raises(SourceChanged, match="has lost its table wp_edd_tax_rates"):
        follower.run()


def test_an_order_that_is_dated_far_ahead(
    follower: Follower, server: Server, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished, "PATIENCE", 60)
    order = shop.insert(
        "edd_orders", status="complete", type="sale", date_created="2030-01-01", date_modified="2036-01-01"
    )
    follower.run()
    assert Order.objects.filter(pk=order).exists()
    check(server, tmp_path, follower)


def test_an_import_meanwhile_is_noticed(
    follower: Follower, server: Server, shop: Shop, tmp_path: Path
) -> None:
    old = server.write_dump(tmp_path / "old.sql")
    shop.run("UPDATE wp_edd_orders SET total = total + 1 WHERE type = 'sale'")
    follower.run(is_thorough=True)
    import_dump(old)
    assert isinstance(follower.run(), Copied)
    check(server, tmp_path, follower)


def test_an_import_during_a_round_is_noticed(
    follower: Follower, server: Server, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = server.write_dump(tmp_path / "old.sql")
    shop.run("UPDATE wp_edd_orders SET total = total + 1 WHERE type = 'sale'")
    follower.run(is_thorough=True)
    shop.run("UPDATE wp_users SET display_name = 'Other' WHERE ID = 1")
    apply_parts = intake.apply_parts

    def import_first(*arguments: object, **named: object) -> object:
        import_dump(old)
        return apply_parts(*arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(rounds, "apply_parts", import_first)
        with pytest.raises(SourceProblem, match="Somebody else wrote the records meanwhile"):
            follower.run()
    assert isinstance(follower.run(), Copied)
    check(server, tmp_path, follower)


def test_what_a_killed_copy_left_beside_its_files_is_not_taken_for_the_next_ones(
    server: Server, folder: Path, tmp_path: Path
) -> None:
    stale = Ledger(tmp_path / "stale.sqlite3")
    stale.set_fact("mark", "of another copy")
    (folder / "copy").mkdir()
    for name in ("copy/joined-ledger.sqlite3", "ledger.sqlite3"):
        (folder / f"{name}-wal").write_bytes((tmp_path / "stale.sqlite3-wal").read_bytes())
    stale.close()
    follower = make_follower(server, folder)
    assert isinstance(follower.run(), Copied)
    ledger = Ledger(folder / "ledger.sqlite3")
    assert ledger.get_fact("mark") == Mirror.objects.get().mark
    ledger.close()
    assert isinstance(follower.run(), Round)
    check(server, tmp_path, follower)


def test_a_damaged_ledger_is_made_anew(
    follower: Follower, server: Server, folder: Path, tmp_path: Path
) -> None:
    path = folder / "ledger.sqlite3"
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192)
    with pytest.raises(SourceProblem, match=r"What the mirror keeps in .* can't be used"):
        follower.run(is_thorough=True)
    assert isinstance(follower.run(), Copied)
    check(server, tmp_path, follower)


def test_a_mirror_that_was_ended_is_not_begun_again(follower: Follower) -> None:
    forget()
    with pytest.raises(MirrorRefused, match="The mirror was ended"):
        follower.run()
    assert not Mirror.objects.exists()


def test_a_fault_that_nobody_foresaw_is_tried_again(
    follower: Follower, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object, **_named: object) -> Round:
        raise KeyError("surprise")

    with monkeypatch.context() as patched:
        patched.setattr(following, "run_round", fail)
        with pytest.raises(SourceProblem, match="A round failed in a way that nobody foresaw"):
            follower.run()
    assert "Traceback" in caplog.text
    assert Mirror.objects.get().trouble == "A round of the mirror failed."
    follower.run()
    assert Mirror.objects.get().trouble == ""


def test_a_shop_that_does_not_say_where_it_is(server: Server, shop: Shop, folder: Path) -> None:
    shop.run("UPDATE wp_options SET option_value = '' WHERE option_name IN ('home', 'siteurl')")
    with pytest.raises(SourceProblem, match="does not say where the shop is: wp_options has no home"):
        make_follower(server, folder).run()
