"""The demo's way in, and how a demo comes and goes without touching what is not its own."""

import stat
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as server
from django.db import connection
from django.test import Client

from tests.asking import ask
from tests.conftest import STORE
from tests.shops import (
    get_key,
    setup_customer,
    setup_key,
    setup_order,
    setup_product,
    setup_source,
    setup_user,
)
from tillroll.access.digests import digest_token
from tillroll.access.models import ApiKey, User
from tillroll.intake.apply import clear_demo
from tillroll.intake.demo import NotADemo, ensure_access, fill_demo, is_empty
from tillroll.intake.demo.catalogue import BY_ID, list_files
from tillroll.intake.demo.offers import OFFERS, Bought, Counter
from tillroll.intake.demo.shape import Shape
from tillroll.intake.staging import KINDS
from tillroll.shop.models import Customer, Order, OrderItem, Product, Source, SourceKind
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import Line, record_order

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

SMALL = 30


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(server, "TILLROLL_HOME", tmp_path)
    return tmp_path


def fetch_all() -> dict[str, list[Any]]:
    """Every row of every table that records can come into."""
    rows = {}
    with connection.cursor() as cursor:
        for kind in KINDS:
            cursor.execute(f"SELECT * FROM {kind.table} ORDER BY 1")  # noqa: S608 (the project's own names)
            rows[kind.table] = cursor.fetchall()
    return rows


# The way in


def test_the_way_in_is_kept_for_its_owner_alone_and_is_made_once(home: Path) -> None:
    fill_demo(SMALL)
    access = ensure_access()
    assert access
    assert ensure_access() == access
    assert stat.S_IMODE((home / "demo-credentials").stat().st_mode) == 0o600
    assert (home / "demo-credentials").read_text() == (
        f"public_key={access.public_key}\ntoken={access.token}\nlogin=demo\npassword={access.password}\n"
    )
    assert ApiKey.objects.get().token_digest == digest_token(access.token)
    assert [path.name for path in home.iterdir()] == ["demo-credentials"]


def test_its_key_may_read_everything() -> None:
    fill_demo(SMALL)
    access = ensure_access()
    assert access
    info = ask("/edd-api/v2/info/", {"key": access.public_key, "token": access.token}).data["info"]
    assert set(info["permissions"].values()) == {True}


def test_its_login_opens_the_back_office_from_this_machine_only(client: Client) -> None:
    fill_demo(SMALL)
    access = ensure_access()
    assert access
    form = {"username": access.login, "password": access.password}
    assert client.post("/admin/login/", form, REMOTE_ADDR="203.0.113.9").status_code == 200
    assert client.get("/admin/").status_code == 302
    assert client.post("/admin/login/", form, REMOTE_ADDR="127.0.0.1").status_code == 302
    assert client.get("/admin/").status_code == 200


def spoil_file(home: Path) -> None:
    (home / "demo-credentials").write_text("public_key=x\n")


def remove_file(home: Path) -> None:
    (home / "demo-credentials").unlink()


def revoke(_home: Path) -> None:
    from tillroll.access.services import revoke_key

    revoke_key(ApiKey.objects.get())


def change_pepper(_home: Path) -> None:
    ApiKey.objects.update(token_digest="0" * 64)


@pytest.mark.parametrize("lose", [spoil_file, remove_file, revoke, change_pepper])
def test_a_way_in_that_no_longer_opens_is_made_anew(lose: Any, home: Path) -> None:
    fill_demo(SMALL)
    first = ensure_access()
    lose(home)
    second = ensure_access()
    assert first
    assert second
    assert second.token != first.token
    assert [key.public_key for key in ApiKey.objects.all()] == [second.public_key]
    assert [user.username for user in User.objects.filter(is_demo=True)] == ["demo"]


def test_a_login_of_the_same_name_is_left_alone() -> None:
    own = setup_user("demo", role="administrator", password="my own password")
    fill_demo(SMALL)
    access = ensure_access()
    assert access
    assert access.login == "demo2"
    own.refresh_from_db()
    assert own.check_password("my own password")
    assert own.is_demo is False


def test_a_shop_that_is_no_demo_has_no_way_in(home: Path) -> None:
    (home / "demo-credentials").write_text("public_key=a\ntoken=b\nlogin=c\npassword=d\n")
    assert ensure_access() is None
    assert not (home / "demo-credentials").exists()
    assert not User.objects.exists()


# Coming and going


def test_a_shop_without_records_is_empty_and_one_with_a_demo_is_not() -> None:
    setup_user("ann", role="administrator")
    assert is_empty()
    fill_demo(SMALL)
    assert not is_empty()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(setup_product, id="product"),
        pytest.param(setup_customer, id="customer"),
        pytest.param(setup_order, id="order"),
        pytest.param(setup_source, id="imported"),
    ],
)
def test_a_shop_with_records_is_never_replaced(make: Any) -> None:
    make()
    before = fetch_all()
    assert not is_empty()
    with pytest.raises(NotADemo):
        fill_demo(SMALL)
    assert fetch_all() == before


def test_a_demo_in_which_something_was_recorded_is_never_replaced() -> None:
    fill_demo(SMALL)
    setup_customer()
    with pytest.raises(NotADemo):
        fill_demo(SMALL)


def test_a_demo_is_replaced_by_another_whole() -> None:
    fill_demo(60, seed=1)
    old = ensure_access()
    fill_demo(SMALL, seed=2, dialect="edd3")
    assert Order.objects.filter(type="sale").count() == SMALL
    assert Source.objects.count() == 1
    assert not User.objects.filter(is_demo=True).exists()
    new = ensure_access()
    assert old
    assert new
    assert ask("/edd-api/v2/sales/", {"key": old.public_key, "token": old.token}).status == 403
    total = ask("/edd-api/v2/customers/", {"key": new.public_key, "token": new.token}).data
    assert isinstance(total["customers"][0]["stats"]["total_purchases"], int)


def test_what_was_made_here_for_a_demo_s_records_goes_with_them_and_nothing_else() -> None:
    admin = setup_user("ann", role="administrator")
    own = setup_key(user=admin)
    fill_demo(SMALL)
    ensure_access()
    lent = setup_key(user=User.objects.get(username="milo.brandt"))
    product = Product.objects.get(pk=3)
    sale = Order.objects.filter(type="sale").earliest("pk")
    OrderItem.objects.create(order=sale, product=product, created_at=sale.created_at)
    with write(*Topic):
        assert clear_demo() is True
    assert [key.public_key for key in ApiKey.objects.all()] == [own.public_key]
    assert get_key(own).user == admin
    assert not ApiKey.objects.filter(public_key=lent.public_key).exists()
    rows = fetch_all()
    assert {table for table, found in rows.items() if found} == {
        "access_role", "access_user", "access_userrole", "access_apikey",
    }  # fmt: skip
    with write(*Topic):
        assert clear_demo() is False


def test_what_is_recorded_in_a_demo_gets_an_id_of_its_own() -> None:
    fill_demo(SMALL)
    highest = Order.objects.latest("pk").pk
    customer = Customer.objects.get(pk=1)
    order = record_order(customer, [Line(Product.objects.get(pk=3), Product.objects.get(pk=3).price or 0)])  # type: ignore[arg-type]
    assert order.pk == highest + 1
    assert setup_customer().pk == Customer.objects.filter(source__kind=SourceKind.DEMO).count() + 1


def test_a_failure_leaves_the_shop_and_the_folder_as_they_were(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_demo(SMALL, seed=1)
    before = fetch_all()

    def fail(*_given: object, **_named: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tillroll.intake.apply.take_settings", fail)
    with pytest.raises(RuntimeError):
        fill_demo(SMALL, seed=2)
    assert fetch_all() == before
    assert list(home.iterdir()) == []


def test_progress_rises_and_names_the_steps() -> None:
    told: list[tuple[int, str]] = []
    fill_demo(2_000, on_progress=lambda done, label: told.append((done, label)))
    assert told[:2] == [(1_000, "Making orders"), (2_000, "Making orders")]
    assert {"Writing orders", "Writing figures"} <= {label for _, label in told}
    assert {done for done, _ in told[1:]} == {2_000}


# The parts


def test_a_buyer_gets_the_files_of_their_price_and_a_bundle_those_of_what_is_in_it() -> None:
    def names(product: int, price: int | None) -> list[str]:
        return [file.name for _, _, file in list_files(BY_ID[product], price)]

    assert names(8, 0) == ["Handbook (PDF)"]
    assert names(8, 2) == ["Handbook (PDF)", "Handbook (EPUB) and videos"]
    assert names(4, 1) == ["Checkout Fields 3.1"]
    assert names(13, None) == ["Handbook (PDF)", "Handbook (EPUB)", "E-mail That Sells"]
    assert names(14, None) == []


class Loaded:
    """Dice that fall as the test wants."""

    def __init__(self, code: str) -> None:
        self.offer = next(offer for offer in OFFERS if offer.code == code)

    def choices(self, *_given: object, **_named: object) -> list[object]:
        return [self.offer]


@pytest.mark.parametrize(
    ("code", "cart", "day", "is_first", "cuts"),
    [
        pytest.param("WELCOME10", [(3, None, 1555)], 0, True, [156], id="per cent, rounded"),
        pytest.param("WELCOME10", [(3, None, 1555)], 0, False, None, id="once only"),
        pytest.param("READER5", [(3, None, 1001), (9, None, 1001)], 0, True, [250, 250], id="flat"),
        pytest.param("READER5", [(3, None, 1000), (9, None, 1999)], 0, True, [167, 333], id="flat, uneven"),
        pytest.param("READER5", [(3, None, 1999)], 0, True, None, id="below its least"),
        pytest.param("FORMS+FIELDS", [(1, 2, 9900), (4, 1, 2900)], 0, True, [1980, 580], id="all required"),
        pytest.param("FORMS+FIELDS", [(1, 2, 9900)], 0, True, None, id="one of all required"),
        pytest.param("AGENCY", [(6, 2, 14900)], 0, True, [3725], id="a price required"),
        pytest.param("AGENCY", [(6, 1, 6900)], 0, True, None, id="another price"),
        pytest.param("NOVEMBER30", [(1, 1, 4900), (14, None, 8000)], 350, True, [1470, 0], id="excluded"),
        pytest.param("NOVEMBER30", [(14, None, 8000)], 350, True, None, id="only excluded"),
        pytest.param("NOVEMBER30", [(1, 1, 4900)], 401, True, None, id="before it begins"),
        pytest.param("NOVEMBER30", [(1, 1, 4900)], 299, True, None, id="after its end"),
    ],
)
def test_a_code_takes_off_what_it_says_where_it_holds(
    code: str, cart: list[tuple[int, int | None, int]], day: int, is_first: bool, cuts: list[int] | None
) -> None:
    counter = Counter(Loaded(code), today=1_000)  # type: ignore[arg-type]
    found = counter.choose([Bought(*line) for line in cart], 1_000 - day, 1.0, is_first=is_first)
    assert (found[1] if found else None) == cuts
    assert sum(counter.uses.values()) == (0 if cuts is None else 1)


def test_a_row_must_have_exactly_the_columns_of_its_kind() -> None:
    from tillroll.shop.models import ProductTerm

    assert Shape(ProductTerm, "term_id product_id").row(7, 1) == (1, 7)
    assert Shape(ProductTerm, "product_id", term_id=7).row(1) == (1, 7)
    with pytest.raises(LookupError, match=r"A row of ProductTerm has or lacks color, term_id\."):
        Shape(ProductTerm, "product_id color")


@pytest.mark.skipif(STORE != "sqlite", reason="It is about SQLite's pragmas.")
def test_a_demo_leaves_the_connection_as_it_was() -> None:
    def ask() -> list[object]:
        with connection.cursor() as cursor:
            return [cursor.execute(f"PRAGMA {name}").fetchone() for name in ("mmap_size", "temp_store")]

    before = ask()
    fill_demo(SMALL)
    assert ask() == before
