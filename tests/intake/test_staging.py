"""The scratch file in which records wait."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tillroll.access.models import ApiKey, User
from tillroll.intake.staging import BATCH, KIND_OF, KINDS, Staging
from tillroll.shop.models import Order, OrderNote, Product, Term


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Staging]:
    with Staging(tmp_path / "staged.sqlite3") as made:
        yield made


def test_the_source_decides_nothing_that_is_kept_here() -> None:
    columns = KIND_OF[Product].columns
    assert columns[:4] == ("id", "title", "slug", "status")
    assert not {"source_id", "sales", "earnings_whole", "earnings_rest"} & set(columns)
    assert KIND_OF[ApiKey].columns == ("user_id", "public_key", "token_digest", "pepper_id", "created_at")
    assert not {"id", "password", "is_superuser", "is_staff"} & set(KIND_OF[User].columns)


def test_parents_come_before_their_children() -> None:
    names = [kind.model.__name__ for kind in KINDS]
    assert names.index("Product") < names.index("PriceOption")
    assert names.index("Customer") < names.index("Order") < names.index("OrderItem")
    assert names.index("Role") < names.index("User") < names.index("UserRole") < names.index("ApiKey")


def test_kinds_have_names_that_people_say() -> None:
    assert [KIND_OF[model].plural for model in (Order, ApiKey)] == ["orders", "API keys"]
    assert {kind.plural for kind in KINDS} >= {"order addresses", "user capabilities", "order notes"}


def test_numbers_may_be_staged_as_text(staging: Staging) -> None:
    staging.add(OrderNote, [("7", "5", "0", "12", "2025-01-01 00:00:00")])
    staging.flush()
    assert staging.database.execute("SELECT * FROM staged_shop_ordernote").fetchall() == [
        (7, 5, 0, "12", "2025-01-01 00:00:00")
    ]


def test_bytes_stay_bytes(staging: Staging) -> None:
    staging.add(Term, [(1, 1, "download_tag", "12", "12", "12", b"\x02\xff", "", 0, 0)])
    staging.flush()
    name, key = staging.database.execute("SELECT name, name_key FROM staged_shop_term").fetchone()
    assert (name, key) == ("12", b"\x02\xff")


def test_of_rows_with_one_key_the_last_counts(staging: Staging) -> None:
    at = "2025-01-01 00:00:00"
    staging.add(OrderNote, [(7, 5, 0, "first", at), (8, 5, 0, "other", at)])
    staging.add(OrderNote, [(7, 5, 0, "second", at)])
    staging.flush()
    found = staging.database.execute("SELECT id, content FROM staged_shop_ordernote ORDER BY id").fetchall()
    assert found == [(7, "second"), (8, "other")]


def test_rows_are_written_in_batches(staging: Staging) -> None:
    rows = [(number, 5, 0, "", "2025-01-01 00:00:00") for number in range(BATCH + 1)]
    count = "SELECT COUNT(*) FROM staged_shop_ordernote"
    staging.add(OrderNote, rows[:-2])
    assert staging.database.execute(count).fetchone() == (0,)
    staging.add(OrderNote, rows[-2:])
    assert staging.database.execute(count).fetchone() == (BATCH + 1,)


def test_a_closed_file_holds_everything(staging: Staging) -> None:
    staging.add(OrderNote, [(7, 5, 0, "", "2025-01-01 00:00:00")])
    staging.close()
    with sqlite3.connect(staging.path) as again:
        assert again.execute("SELECT id FROM staged_shop_ordernote").fetchall() == [(7,)]
    again.close()


def test_a_failure_lets_go_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Staging(tmp_path / "staged.sqlite3") as made:
        raise RuntimeError
    with pytest.raises(sqlite3.ProgrammingError):
        made.database.execute("SELECT 1")
