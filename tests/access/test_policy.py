"""How roles add up, and how a key narrows what they allow."""

from hypothesis import given
from hypothesis import strategies as st

from tillroll.access.policy import OPEN, Policy, join_roles, make_policy, narrow

NUMBERS = st.none() | st.integers(1, 1000)
POLICIES = st.builds(
    Policy,
    st.none() | st.frozensets(st.sampled_from(("sales", "stats", "info"))),
    st.frozensets(st.sampled_from(("emails", "names"))),
    NUMBERS,
    NUMBERS,
    NUMBERS,
)
SALES, STATS = frozenset({"sales"}), frozenset({"stats"})


def test_without_a_role_nothing_is_limited() -> None:
    assert join_roles(()) == OPEN
    assert OPEN.list_endpoints() == [
        "stats", "products", "customers", "sales", "discounts", "file-download-logs", "info",
    ]  # fmt: skip


def test_of_several_roles_the_most_generous_counts() -> None:
    joined = join_roles(
        (
            Policy(SALES, frozenset({"emails", "names"}), 10, None, 500),
            Policy(STATS, frozenset({"emails"}), 20, 100, 400),
        )
    )
    assert joined == Policy(SALES | STATS, frozenset({"emails"}), 20, None, 500)


def test_a_role_without_limits_opens_all() -> None:
    assert join_roles((Policy(SALES, frozenset({"names"}), 1, 1, 1), OPEN)) == OPEN


def test_a_key_narrows_endpoints_hides_more_and_has_its_own_rates() -> None:
    roles = Policy(SALES | STATS, frozenset({"emails"}), 10, 100, None)
    key = Policy(STATS | {"info"}, frozenset({"names"}), None, 500, 9)
    assert narrow(roles, key) == Policy(STATS, frozenset({"emails", "names"}), 10, 500, 9)


def test_a_key_without_limits_has_its_roles() -> None:
    roles = Policy(SALES, frozenset({"emails"}), 10, 100, 1000)
    assert narrow(roles, OPEN) == roles
    assert narrow(OPEN, roles) == roles


@given(st.lists(POLICIES, min_size=1, max_size=4), POLICIES)
def test_another_role_never_takes_anything_away(roles: list[Policy], more: Policy) -> None:
    before, after = join_roles(roles), join_roles([*roles, more])
    assert after.endpoints is None or (before.endpoints or frozenset()) <= after.endpoints
    assert after.hidden <= before.hidden
    for name in ("minute", "day", "month"):
        one, other = getattr(before, name), getattr(after, name)
        assert other is None or (one is not None and one <= other)


@given(POLICIES, POLICIES)
def test_a_key_never_opens_what_its_roles_close(roles: Policy, key: Policy) -> None:
    left = narrow(roles, key)
    assert set(left.list_endpoints()) <= set(roles.list_endpoints())
    assert left.hidden >= roles.hidden


def test_a_policy_is_read_from_its_columns() -> None:
    assert make_policy("sales stats", "emails", 1, None, 3) == Policy(
        SALES | STATS, frozenset({"emails"}), 1, None, 3
    )
    assert make_policy("", "", None, None, None) == OPEN
    assert not OPEN.has_limits
    assert Policy(month=1).has_limits
