"""What can go wrong with a source: each has its sentence, the records are answered from throughout, and the
mirror recovers by itself."""

# ruff: noqa: S608 (the statements are made of the tests' own names)

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from tests.asking import ask
from tests.intake.mirror.conftest import make_follower
from tests.intake.mirror.day import Day
from tests.mariadb import Reader, Server, Shop
from tillroll.intake.mirror import connection as source
from tillroll.intake.mirror import following, unfinished
from tillroll.intake.mirror.connection import (
    Database,
    SourceAway,
    SourceChanged,
    SourceProblem,
    SourceRefuses,
)
from tillroll.intake.mirror.following import Follower
from tillroll.intake.mirror.rounds import Round
from tillroll.shop.models import Customer, Mirror, Order, OrderItem, Product

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


@pytest.fixture
def reader(server: Server) -> Iterator[Reader]:
    with server.make_reader() as reader:
        yield reader


@pytest.fixture
def follower(server: Server, folder: Path, reader: Reader) -> Follower:
    """Of a user who may do nothing but read; the shop is copied."""
    follower = make_follower(server, folder, address=reader.address)
    follower.run()
    return follower


def fail(follower: Follower, kind: type[SourceProblem]) -> str:
    """A round that fails: its sentence, which the shop's staff see too, while the API answers on."""
    before = Mirror.objects.get()
    with pytest.raises(kind) as caught:
        follower.run()
    after = Mirror.objects.get()
    assert (after.good_at, after.mark) == (before.good_at, before.mark)
    assert after.tried_at > before.tried_at
    assert (after.problem, after.trouble) == (str(caught.value), kind.trouble)
    reply = ask("/edd-api/v2/products/", {"number": 1})
    assert reply.status == 200
    assert len(reply.data["products"]) == 1
    assert int(reply.headers["x-tillroll-mirror-age"]) >= 0
    assert ask("/healthz/ready").data["mirror"]["trouble"] == kind.trouble
    return str(caught.value)


def recover(follower: Follower) -> None:
    follower.run()
    mirror = Mirror.objects.get()
    assert (mirror.problem, mirror.trouble) == ("", "")
    assert "trouble" not in ask("/healthz/ready").data["mirror"]


def rename_product(shop: Shop, title: str) -> int:
    ((product,),) = shop.select("SELECT MIN(ID) FROM wp_posts WHERE post_type = 'download'")
    shop.run("UPDATE wp_posts SET post_title = %s WHERE ID = %s", title, product)
    return int(product)


class Gate:
    """A way to the server that can be shut, as when it is stopped."""

    def __init__(self, target: tuple[Any, ...]) -> None:
        self._target = target
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        self.port = 0

    def start(self) -> None:
        listener = self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        if self._listener:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.socket(self._target[0], socket.SOCK_STREAM)
                server.connect(self._target[1])
                self._open += [client, server]
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(1 << 16):
                other.sendall(piece)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


@contextmanager
def open_gate(server: Server) -> Iterator[Gate]:
    address = server.get_address()
    gate = Gate(
        (socket.AF_UNIX, address.socket) if address.socket else (socket.AF_INET, (address.host, address.port))
    )
    gate.start()
    try:
        yield gate
    finally:
        gate.stop()


def test_a_source_that_is_stopped_and_started(
    server: Server, shop: Shop, folder: Path, reader: Reader
) -> None:
    with open_gate(server) as gate:
        address = replace(reader.address, socket="", host="127.0.0.1", port=gate.port)
        follower = make_follower(server, folder, address=address)
        follower.run()
        gate.stop()
        said = fail(follower, SourceAway)
        assert said.startswith("The source can't be reached: ")
        said = fail(follower, SourceAway)
        assert said.startswith(f"The source can't be reached at 127.0.0.1:{gate.port}: ")
        product = rename_product(shop, "While it was away")
        gate.start()
        recover(follower)
    assert Product.objects.get(pk=product).title == "While it was away"


def test_a_password_that_was_changed(follower: Follower, shop: Shop, reader: Reader) -> None:
    reader.change_password("second")
    fail(follower, SourceAway)
    said = fail(follower, SourceRefuses)
    assert said.startswith(f"The source refuses its reader: Access denied for user '{reader.name}'@")
    assert said.endswith(". It needs the right password and SELECT on the shop's tables.")
    assert reader.password not in said
    product = rename_product(shop, "Behind the door")
    reader.change_password(reader.password)
    recover(follower)
    assert Product.objects.get(pk=product).title == "Behind the door"


def test_rights_that_were_taken_away(follower: Follower, server: Server, reader: Reader) -> None:
    server.run(f"REVOKE SELECT ON `{server.database}`.* FROM '{reader.name}'@'%'")
    reader.drop_connections()
    fail(follower, SourceAway)
    assert "refuses its reader" in fail(follower, SourceRefuses)
    server.run(f"GRANT SELECT ON `{server.database}`.* TO '{reader.name}'@'%'")
    recover(follower)


def test_a_column_that_was_dropped(follower: Follower, shop: Shop) -> None:
    shop.run("ALTER TABLE wp_edd_orders DROP COLUMN gateway")
    before = list(Order.objects.order_by("pk").values_list("pk", "gateway"))
    assert fail(follower, SourceChanged) == (
        "The source's table wp_edd_orders has lost its column gateway; the records stay as they are."
        " Bring it back; if the shop is meant to be without it, begin anew with --afresh."
    )
    assert list(Order.objects.order_by("pk").values_list("pk", "gateway")) == before
    shop.run("ALTER TABLE wp_edd_orders ADD COLUMN gateway varchar(100) NOT NULL DEFAULT 'manual'")
    recover(follower)
    assert set(Order.objects.values_list("gateway", flat=True)) != {"manual"}  # changed without a word
    follower.run(is_thorough=True)
    assert set(Order.objects.values_list("gateway", flat=True)) == {"manual"}


def test_a_table_that_was_dropped(follower: Follower, shop: Shop) -> None:
    shop.run("RENAME TABLE wp_edd_order_items TO kept_items")
    assert fail(follower, SourceChanged).startswith("The source has lost its table wp_edd_order_items;")
    shop.run("RENAME TABLE kept_items TO wp_edd_order_items")
    recover(follower)
    assert OrderItem.objects.count() == 424


def test_a_statement_that_takes_too_long(
    follower: Follower, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "READ_SECONDS", 1)
    follower._database.close()
    with closing(shop.connection.cursor()) as cursor:
        cursor.execute("LOCK TABLES wp_edd_orders WRITE")
    assert fail(follower, SourceAway).startswith("The source can't be reached: ")
    shop.run("UNLOCK TABLES")
    monkeypatch.undo()
    recover(follower)


def test_a_clock_that_is_minutes_behind(follower: Follower, shop: Shop) -> None:
    day = Day(shop, 1)
    customer, late = day.pick_id("edd_customers"), day.now(back=12 * 60)
    shop.run("UPDATE wp_edd_customers SET name = 'Late', date_modified = %s WHERE id = %s", late, customer)
    recover(follower)
    assert Customer.objects.get(pk=customer).name == "Late"

    far = day.now(back=3 * 3_600)
    shop.run("UPDATE wp_edd_customers SET name = 'Later', date_modified = %s WHERE id = %s", far, customer)
    recover(follower)
    assert Customer.objects.get(pk=customer).name == "Late"
    follower.run(is_thorough=True)
    assert Customer.objects.get(pk=customer).name == "Later"


def test_a_transaction_that_is_open_during_a_round(follower: Follower, server: Server, shop: Shop) -> None:
    slow = server.connect()
    try:
        slow.run("START TRANSACTION")
        Day(slow, 2).sell()
        ((early,),) = slow.select("SELECT MAX(id) FROM wp_edd_orders")
        Day(shop, 3).sell()
        recover(follower)
        assert not Order.objects.filter(pk=early).exists()
        assert Order.objects.filter(pk__gt=early).count() == 1
        slow.run("COMMIT")
        recover(follower)
        assert Order.objects.get(pk=early).items.exists()
    finally:
        slow.connection.close()


def test_an_order_that_is_being_written_waits_for_its_items(
    server: Server, shop: Shop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EDD writes an order and its items one after another, without a transaction."""
    monkeypatch.setattr(unfinished, "PATIENCE", 60)
    day = Day(shop, 4)
    columns = {"status": "complete", "type": "sale", "total": "5"}
    early, late, old = (
        shop.insert("edd_orders", **columns, date_created=at, date_modified=at)
        for at in (day.now(), day.now(), day.now(back=90))
    )
    follower = make_follower(server, folder)
    follower.run()
    assert list(Order.objects.filter(pk__gte=early).values_list("pk", flat=True)) == [old]
    day.add_item(early, 0, "complete")
    follower.run()
    assert set(Order.objects.filter(pk__gte=early).values_list("pk", flat=True)) == {early, old}
    assert Order.objects.get(pk=early).items.count() == 1
    shop.run("UPDATE wp_edd_orders SET date_modified = %s WHERE id = %s", day.now(back=61), late)
    follower.run()
    assert set(Order.objects.filter(pk__gte=early).values_list("pk", flat=True)) == {early, late, old}
    shop.run("DELETE FROM wp_edd_order_items WHERE order_id = %s", early)
    follower.run(is_thorough=True)
    assert Order.objects.get(pk=early).items.count() == 0  # it was there with its items


def test_a_key_that_is_revoked_stops_within_a_round(follower: Follower, shop: Shop) -> None:
    """Made, renewed and revoked in WordPress; what was set here on top stays."""
    from tillroll.access.digests import make_token
    from tillroll.access.models import ApiKey

    public, secret = "a" * 32, "b" * 32
    for value, kind in ((public, "public"), (secret, "secret")):
        shop.insert("usermeta", user_id=2, meta_key=value, meta_value=f"edd_user_{kind}_key")
    question = {"key": public, "token": make_token(secret, public)}
    assert ask("/edd-api/v2/sales/", question).status == 403
    shop.run(
        "DELETE FROM wp_usermeta WHERE user_id = 2 AND meta_key NOT IN (%s, %s)"
        " AND meta_value LIKE 'edd_user%%'",
        public,
        secret,
    )
    recover(follower)
    ApiKey.objects.filter(public_key=public).update(label="Till", rate_minute=5)
    assert ask("/edd-api/v2/sales/", question).status == 200
    shop.run("UPDATE wp_usermeta SET meta_key = %s WHERE meta_key = %s", "c" * 32, secret)
    recover(follower)
    assert ask("/edd-api/v2/sales/", question).status == 403
    assert ApiKey.objects.get(public_key=public).label == "Till"
    question["token"] = make_token("c" * 32, public)
    assert ask("/edd-api/v2/sales/", question).status == 200
    shop.run("DELETE FROM wp_usermeta WHERE meta_key = %s", public)
    recover(follower)
    assert ask("/edd-api/v2/sales/", question).status == 403
    assert not ApiKey.objects.filter(public_key=public).exists()


def test_failures_are_tried_again_later_and_later(
    follower: Follower, reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    reader.change_password("second")
    pauses: list[float] = []

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        if len(pauses) == 7:
            reader.change_password(reader.password)
        return len(pauses) == 9

    done: list[object] = []
    follower.follow(wait, done.append)
    assert pauses == [15, 30, 60, 120, 240, 300, 300, 15, 15]
    assert len(done) == 2
    assert "Access denied" in caplog.text
    assert "The next try is in 240 s." in caplog.text
    assert reader.password not in caplog.text


def test_a_store_that_is_away_is_tried_again_too(
    follower: Follower, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_store(*_arguments: object, **_named: object) -> Round:
        raise OperationalError("the server closed the connection\nunexpectedly")

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        if len(pauses) == 2:
            monkeypatch.undo()
        return len(pauses) == 3

    pauses: list[float] = []
    monkeypatch.setattr(following, "run_round", fail_store)
    monkeypatch.setattr(following, "note_bad", fail_store)
    done: list[object] = []
    follower.follow(wait, done.append)
    assert pauses == [15, 30, 15]
    assert len(done) == 1
    assert "The records can't be written: the server closed the connection." in caplog.text


def test_a_round_without_news_asks_little_and_writes_no_record(follower: Follower) -> None:
    from tillroll.shop.models import Revision

    revisions = list(Revision.objects.order_by("topic").values())
    for is_thorough in (False, True):
        done = follower.run(is_thorough=is_thorough)
        assert isinstance(done, Round)
        assert done.queries < 40
        assert done.changes == {}
    assert list(Revision.objects.order_by("topic").values()) == revisions
    assert Mirror.objects.get().good_at <= timezone.now()


def test_a_mirror_never_writes_its_source(reader: Reader) -> None:
    with Database(reader.address).snapshot() as snapshot, pytest.raises(SourceProblem):
        snapshot.run("UPDATE wp_options SET option_value = 'x'")
