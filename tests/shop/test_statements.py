"""A thread keeps its way to the store, but never past the store that it leads to."""

import pytest
from django.db import connections

from tillroll.intake.move.target import stand_in
from tillroll.shop.statements import get_store, run


@pytest.mark.django_db(transaction=True)
def test_statements_go_to_the_store_that_stands_in_and_back_again() -> None:
    assert run("SELECT 1") == [(1,)]
    before = connections["default"]
    with stand_in({"default": {**connections.settings["default"]}}):
        assert get_store() is connections["default"]
        assert get_store() is not before
        assert run("SELECT 1") == [(1,)]
    assert get_store() is connections["default"] is before
