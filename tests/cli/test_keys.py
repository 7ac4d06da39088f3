"""Keys on the command line: a token is shown once and opens the API; a revoked key does not."""

import re
import shlex
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from tests.asking import ask
from tests.cli.conftest import Invoke
from tests.shops import (
    get_key,
    setup_customer,
    setup_key,
    setup_order,
    setup_settings,
    setup_user,
    signed,
)
from tillroll.access.digests import digest_token, pepper_id
from tillroll.access.log import request_log
from tillroll.access.models import ApiKey, User
from tillroll.access.services import set_active
from tillroll.access.usage import uses

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 12, 15, 30, tzinfo=UTC)


class Shown(NamedTuple):
    """The secrets that a command printed, and how often each of them is to be found in it."""

    public_key: str
    token: str
    bearer: str
    text: str


def read_pair(text: str) -> Shown:
    """What was shown of a fresh key."""
    [public_key] = re.findall(r"^key    ([0-9a-f]{32})$", text, re.M)
    [token] = re.findall(r"^token  ([0-9a-f]{32})$", text, re.M)
    [bearer] = re.findall(r"^bearer (tillroll_[0-9a-f]{32}_[0-9A-Za-z]{46})$", text, re.M)
    return Shown(public_key, token, bearer, text)


def list_statuses(shown: Shown, endpoint: str = "sales") -> list[int]:
    """What each curl line answers: with the pair in the query, in HTTP Basic and with the bearer secret."""
    statuses = []
    for line in re.findall(r"^  curl (.*)$", shown.text, re.M):
        *options, url = shlex.split(line)
        parts = urlsplit(url)
        assert (parts.netloc, parts.path) == ("127.0.0.1:8000", f"/edd-api/v2/{endpoint}/")
        headers = {}
        if options[:1] == ["-u"]:
            headers["Authorization"] = "Basic " + b64encode(options[1].encode()).decode()
        elif options:
            name, _, value = options[1].partition(": ")
            headers[name] = value
        statuses.append(ask(parts.path, parts.query, headers=headers).status)
    return statuses


# Issued


def test_an_issued_key_opens_the_api_in_each_way_and_only_digests_are_kept(invoke: Invoke) -> None:
    user = setup_user("ann", role="shop_manager")
    shown = read_pair(invoke("keys", "issue", "ann", "--label", "Phone").stdout)
    kept = ApiKey.objects.get()
    assert (kept.user, kept.label, kept.public_key) == (user, "Phone", shown.public_key)
    assert (kept.token_digest, kept.pepper_id) == (digest_token(shown.token), pepper_id())
    assert (kept.bearer_digest, kept.bearer_pepper_id) == (digest_token(shown.bearer), pepper_id())
    assert list_statuses(shown) == [200, 200, 200]
    wrong = shown._replace(text=shown.text.replace(shown.token, "0" * 32).replace(shown.bearer, "tillroll_x"))
    assert list_statuses(wrong) == [403, 403, 403]


def test_a_key_has_the_limits_that_it_is_given(invoke: Invoke) -> None:
    setup_settings(timezone="America/New_York")
    setup_user("ann", role="shop_manager")
    invoke(
        "keys", "issue", "ann", "--expires", "2126-12-31", "--network", "127.0.0.1",
        "--network", "10.1.2.3/8", "--endpoint", "sales", "--endpoint", "info", "--hide", "emails",
        "--hide", "names", "--per-minute", "60", "--per-day", "1000", "--per-month", "9000",
    )  # fmt: skip
    key = ApiKey.objects.get()
    assert key.expires_at == datetime(2127, 1, 1, 5, tzinfo=UTC)  # the end of that day in New York
    assert key.networks == "127.0.0.1 10.0.0.0/8"
    assert (key.endpoints, key.hidden_fields) == ("sales info", "emails names")
    assert (key.rate_minute, key.quota_day, key.quota_month) == (60, 1000, 9000)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("90d", datetime(2026, 6, 10, 15, 30, tzinfo=UTC)),
        ("12h", datetime(2026, 3, 13, 3, 30, tzinfo=UTC)),
        ("2w", datetime(2026, 3, 26, 15, 30, tzinfo=UTC)),
        ("2026-03-12", datetime(2026, 3, 13, tzinfo=UTC)),
        ("none", None),
    ],
)
def test_a_key_ends_with_a_day_or_after_a_time(invoke: Invoke, text: str, end: datetime | None) -> None:
    setup_user("ann", role="shop_manager")
    with time_machine.travel(NOW, tick=False):
        invoke("keys", "issue", "ann", "--expires", text)
    assert ApiKey.objects.get().expires_at == end


def test_lines_to_try_are_for_an_endpoint_and_a_way_that_the_key_may_use(invoke: Invoke) -> None:
    setup_user("ann", role="shop_manager")
    shown = read_pair(invoke("keys", "issue", "ann", "--endpoint", "discounts").stdout)
    assert list_statuses(shown, "discounts") == [200, 200, 200]
    setup_user("bob", role="subscriber")
    assert list_statuses(read_pair(invoke("keys", "issue", "bob").stdout), "info") == [200, 200, 200]
    setup_settings(query_credentials=False)
    shown = read_pair(invoke("keys", "issue", "ann").stdout)
    assert "token=" not in shown.text
    assert list_statuses(shown) == [200, 200]


def test_a_buyer_s_key_sees_the_buyer_s_sales_alone(invoke: Invoke) -> None:
    ann, bob = setup_customer("ann@example.com", "Ann"), setup_customer("bob@example.com")
    mine = setup_order(customer=ann)
    setup_order(customer=bob)
    shown = read_pair(invoke("keys", "issue", "--customer", "Ann@Example.com", "--label", "Her app").stdout)
    assert shown.text.startswith(f"A key of customer-{ann.pk} for the records of customer {ann.pk} alone.\n")
    assert list_statuses(shown) == [200, 200, 200]
    reply = ask("/edd-api/v2/sales/", {"key": shown.public_key, "token": shown.token})
    assert [sale["email"] for sale in reply.data["sales"]] == ["ann@example.com"]
    assert reply.headers["x-edd-total"] == "1"
    assert str(mine.pk) == str(reply.data["sales"][0]["ID"])
    key = ApiKey.objects.get()
    assert (key.customer_id, key.label, key.user.is_service) == (ann.pk, "Her app", True)


def test_a_buyer_is_found_by_id_and_by_a_further_address(invoke: Invoke) -> None:
    ann = setup_customer("ann@example.com", additional_emails=("a@example.org",))
    for given in (str(ann.pk), "A@example.org"):
        invoke("keys", "issue", "--customer", given)
    assert list(ApiKey.objects.values_list("customer_id", flat=True)) == [ann.pk, ann.pk]
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Say whose key it is: `tillroll keys issue USER`, or --customer ID."),
        (("ann", "--customer", "1"), "Say whose key it is: `tillroll keys issue USER`, or --customer ID."),
        (("nobody",), "No user is called nobody; `tillroll user list` shows them."),
        (("--customer", "999"), "There is no customer 999; give an id or an e-mail address."),
        (("--customer", "x@y"), "There is no customer x@y; give an id or an e-mail address."),
        (("--customer", "9" * 30), f"There is no customer {'9' * 30}; give an id or an e-mail address."),
        (("ann", "--label", "x" * 101), "label: A label has at most 100 characters."),
        (
            ("ann", "--expires", "2020-01-01"),
            "2020-01-01 is over; a key ends in the future, and `tillroll keys revoke` ends it now.",
        ),
        (
            ("ann", "--expires", "2026-02-30"),
            "2026-02-30 is no end: give a day such as 2027-12-31, a time such as 90d, 12h or 4w, or `none`.",
        ),
        (
            ("ann", "--expires", "9999-12-31"),
            "9999-12-31 is no end: give a day such as 2027-12-31, a time such as 90d, 12h or 4w, or `none`.",
        ),
        (
            ("ann", "--network", "300.1.1.1"),
            "networks: 300.1.1.1 is no IP address or network; one looks like 203.0.113.7 or 203.0.113.0/24.",
        ),
        (
            ("ann", "--endpoint", "orders"),
            "endpoints: There is no endpoint orders; there are stats, products, customers, sales, discounts,"
            " file-download-logs, info.",
        ),
        (
            ("ann", "--hide", "phones"),
            "hidden_fields: There is no kind of data phones; there are emails, names, addresses, payments.",
        ),
        (("ann", "--endpoint", "none", "--endpoint", "sales"), "--endpoint takes `none` alone, or values"
         " without it."),
        (
            ("ann", "--per-minute", "0"),
            "Invalid value for '--per-minute': 0 is no number of requests: 1 to 2147483647, or `none`;"
            " see `tillroll keys issue --help`.",
        ),
        (
            ("ann", "--per-day", "2147483648"),
            "Invalid value for '--per-day': 2147483648 is no number of requests: 1 to 2147483647, or `none`;"
            " see `tillroll keys issue --help`.",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_makes_no_key(invoke: Invoke, arguments: tuple[str, ...], sentence: str) -> None:
    setup_user("ann", role="shop_manager")
    assert invoke("keys", "issue", *arguments, code=2).stderr == f"{sentence}\n"
    assert not ApiKey.objects.exists()


def test_a_key_of_a_disabled_user_comes_with_a_warning(invoke: Invoke) -> None:
    user = setup_user("ann", role="shop_manager")
    set_active(user, False)
    result = invoke("keys", "issue", "ann")
    assert result.stderr == "ann is disabled: the key answers nothing until `tillroll user enable ann`.\n"
    assert list_statuses(read_pair(result.stdout)) == [403, 403, 403]


def test_a_key_of_somebody_without_rights_is_issued_with_a_hint(invoke: Invoke) -> None:
    setup_user("bob", role="subscriber")
    result = invoke("keys", "issue", "bob")
    assert "tillroll user role bob shop_manager" in result.stderr
    assert ApiKey.objects.count() == 1


def test_a_user_is_found_by_an_email_that_only_one_has(invoke: Invoke) -> None:
    user = setup_user("ann", role="shop_manager", email="ann@example.com")
    invoke("keys", "issue", "Ann@Example.com")
    assert ApiKey.objects.get().user == user
    setup_user("anne", email="ann@example.com")
    assert invoke("keys", "issue", "ann@example.com", code=2).stderr.startswith("No user is called ann@")


# Changed


def test_only_what_is_named_changes(invoke: Invoke) -> None:
    setup_user("ann", role="shop_manager")
    narrow = ("--endpoint", "sales", "--hide", "emails", "--network", "10.0.0.0/8", "--per-day", "5")
    invoke("keys", "issue", "ann", "--label", "Phone", "--expires", "90d", *narrow)
    before = ApiKey.objects.get()
    invoke("keys", "set", before.public_key[:8], "--per-minute", "60", "--hide", "names")
    after = ApiKey.objects.get()
    assert (after.rate_minute, after.hidden_fields) == (60, "names")
    for name in ("label", "expires_at", "networks", "endpoints", "quota_day", "quota_month", "token_digest"):
        assert getattr(after, name) == getattr(before, name), name


def test_none_empties_what_is_named(invoke: Invoke) -> None:
    setup_user("ann", role="shop_manager")
    narrow = ("--endpoint", "sales", "--hide", "emails", "--network", "10.0.0.0/8", "--expires", "90d")
    rates = ("--per-minute", "1", "--per-day", "5", "--per-month", "9")
    invoke("keys", "issue", "ann", "--label", "Phone", *narrow, *rates)
    names = ("endpoint", "hide", "network", "expires", "per-minute", "per-day", "per-month", "label")
    invoke("keys", "set", ApiKey.objects.get().public_key, *(w for n in names for w in (f"--{n}", "none")))
    key = ApiKey.objects.get()
    assert (key.endpoints, key.hidden_fields, key.networks, key.label) == ("", "", "", "")
    assert (key.expires_at, key.rate_minute, key.quota_day, key.quota_month) == (None,) * 4


def test_a_changed_key_answers_so_from_the_next_request_on(invoke: Invoke) -> None:
    pair = setup_key()
    assert ask("/edd-api/v2/sales/", signed(pair)).status == 200
    invoke("keys", "set", pair.public_key, "--network", "203.0.113.0/24")
    refused = ask("/edd-api/v2/sales/", signed(pair))
    assert (refused.status, refused.data["error"]) == (403, "This key may not be used from your address!")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Nothing would change; `tillroll keys set --help` says what can be set."),
        (("--label", "Phone"), "Nothing would change; `tillroll keys set --help` says what can be set."),
        (("--hide", "all"), "hidden_fields: There is no kind of data all; there are emails, names, addresses,"
         " payments."),
        (("--label", "x" * 101), "label: A label has at most 100 characters."),
    ],
)  # fmt: skip
def test_a_change_that_does_not_fit_changes_nothing(
    invoke: Invoke, arguments: tuple[str, ...], sentence: str
) -> None:
    pair = setup_key(label="Phone")
    before = ApiKey.objects.values().get()
    assert invoke("keys", "set", pair.public_key, *arguments, code=2).stderr == f"{sentence}\n"
    assert ApiKey.objects.values().get() == before


def test_a_revoked_key_is_not_changed(invoke: Invoke) -> None:
    pair = setup_key()
    invoke("keys", "revoke", pair.public_key)
    assert "was revoked on" in invoke("keys", "set", pair.public_key, "--per-day", "5", code=2).stderr
    assert get_key(pair).quota_day is None


# Rotated


def test_a_rotated_key_has_a_successor_and_answers_until_its_grace_is_over(invoke: Invoke) -> None:
    setup_user("ann", role="shop_manager")
    with time_machine.travel(NOW, tick=False):
        old = read_pair(invoke("keys", "issue", "ann", "--label", "Phone", "--per-day", "50").stdout)
        new = read_pair(invoke("keys", "rotate", old.public_key).stdout)
    assert new.text.startswith(f"The old key {old.public_key} answers until 2026-03-19 15:30.\n")
    assert old.token not in new.text
    for moment, expected in (("2026-03-19T15:29:59Z", 200), ("2026-03-19T15:30:00Z", 403)):
        with time_machine.travel(moment, tick=False):
            assert list_statuses(old) == [expected] * 3
            assert list_statuses(new) == [200] * 3
    first, second = ApiKey.objects.order_by("pk")
    assert (second.label, second.quota_day, second.meter) == ("Phone", 50, first.pk)


def test_without_grace_the_old_pair_ends_at_once(invoke: Invoke) -> None:
    setup_user("ann", role="shop_manager")
    old = read_pair(invoke("keys", "issue", "ann").stdout)
    new = read_pair(invoke("keys", "rotate", old.public_key[:6], "--grace", "0").stdout)
    assert new.text.startswith(f"The old key {old.public_key} has ended.\n")
    assert list_statuses(old) == [403] * 3
    assert list_statuses(new) == [200] * 3
    assert invoke("keys", "rotate", old.public_key, code=2).stderr == "This key has ended; issue a new one.\n"


def test_a_key_that_was_rotated_is_rotated_again_only_when_its_successor_is_gone(invoke: Invoke) -> None:
    setup_user("ann", role="shop_manager")
    old = read_pair(invoke("keys", "issue", "ann", "--expires", "2126-12-31").stdout)
    lost = read_pair(invoke("keys", "rotate", old.public_key).stdout)
    assert invoke("keys", "rotate", old.public_key, code=2).stderr == (
        f"This key was rotated already; rotate its successor {lost.public_key}.\n"
    )
    assert ApiKey.objects.count() == 2
    invoke("keys", "revoke", lost.public_key)
    end = ApiKey.objects.get(public_key=lost.public_key).expires_at
    new = read_pair(invoke("keys", "rotate", old.public_key, "--grace", "0").stdout)
    assert ApiKey.objects.get(public_key=new.public_key).expires_at == end == datetime(2127, 1, 1, tzinfo=UTC)
    assert [list_statuses(one)[0] for one in (old, lost, new)] == [403, 403, 200]


@pytest.mark.parametrize("grace", ["7", "-1d", "soon", "", "1y"])
def test_a_grace_that_is_no_time_rotates_nothing(invoke: Invoke, grace: str) -> None:
    pair = setup_key()
    stderr = invoke("keys", "rotate", pair.public_key, "--grace", grace, code=2).stderr
    assert stderr == f"{grace} is no grace: give a time such as 7d, 12h or 2w, or 0 for none.\n"
    assert ApiKey.objects.count() == 1
    assert get_key(pair).expires_at is None


# Revoked


def test_a_key_is_revoked_by_its_beginning(invoke: Invoke) -> None:
    pair, other = setup_key(public_key="abcd1111" + "0" * 24), setup_key(public_key="abcd2222" + "0" * 24)
    invoke("keys", "revoke", "abcd1")
    assert get_key(pair).revoked_at is not None
    assert get_key(other).revoked_at is None
    assert ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token}).status == 403


def test_a_whole_key_is_meant_even_where_another_begins_with_it(invoke: Invoke) -> None:
    short, long = setup_key(public_key="abcdef"), setup_key(public_key="abcdef0123")
    invoke("keys", "revoke", "abcdef")
    assert get_key(short).revoked_at is not None
    assert get_key(long).revoked_at is None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("abc", "Give at least the first 4 characters of the key."),
        ("ffff", "No key begins with ffff; `tillroll keys list --all` shows them."),
        ("abcd", "Several keys begin with abcd; give more of it."),
    ],
)
def test_a_key_that_is_not_clearly_meant_is_not_revoked(invoke: Invoke, given: str, sentence: str) -> None:
    setup_key(public_key="abcd1111" + "0" * 24)
    setup_key(public_key="abcd2222" + "0" * 24)
    assert invoke("keys", "revoke", given, code=2).stderr == f"{sentence}\n"
    assert not ApiKey.objects.exclude(revoked_at=None).exists()


def test_a_key_is_revoked_once(invoke: Invoke) -> None:
    pair = setup_key()
    at = timezone.now() - timedelta(days=1)
    ApiKey.objects.update(revoked_at=at)
    assert "revoked on" in invoke("keys", "revoke", pair.public_key, code=2).stderr
    assert get_key(pair).revoked_at == at


def test_all_keys_of_a_user_are_revoked_at_once(invoke: Invoke) -> None:
    ann = setup_user("ann", role="shop_manager")
    mine = [setup_key(user=ann), setup_key(user=ann)]
    other = setup_key()
    assert invoke("keys", "revoke", "--user", "ann").stdout == "Revoked 2 keys of ann.\n"
    assert [ask("/edd-api/v2/sales/", signed(pair)).status for pair in (*mine, other)] == [403, 403, 200]
    stderr = invoke("keys", "revoke", "--user", "ann", code=2).stderr
    assert stderr == "ann has no key that is not revoked already.\n"


@pytest.mark.parametrize("arguments", [(), ("abcd", "--user", "ann")])
def test_a_revocation_says_a_key_or_a_user(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    pair = setup_key(user=setup_user("ann"))
    stderr = invoke("keys", "revoke", *arguments, code=2).stderr
    assert stderr == "Say which: `tillroll keys revoke KEY`, or --user NAME for all of a user.\n"
    assert get_key(pair).revoked_at is None


def test_whoever_revokes_a_key_in_its_grace_hears_of_the_other(invoke: Invoke) -> None:
    pair, stranger = setup_key(), setup_key()
    successor = read_pair(invoke("keys", "rotate", pair.public_key).stdout).public_key
    said = invoke("keys", "revoke", successor).stderr
    assert said == (
        f"{pair.public_key}, of the same line of rotations, still answers;"
        f" to end it too: tillroll keys revoke {pair.public_key}\n"
    )
    assert invoke("keys", "revoke", pair.public_key).stderr == ""
    assert get_key(stranger).revoked_at is None


# Secrets


def test_what_opens_a_key_is_printed_once_and_kept_nowhere(
    invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    ann = setup_user("ann", role="shop_manager")
    setup_settings(auto_keys="everybody")
    customer = setup_customer("buyer@example.com")
    shown = [
        read_pair(invoke("keys", "issue", "ann").stdout),
        read_pair(invoke("keys", "issue", "--customer", str(customer.pk)).stdout),
        read_pair(invoke("keys", "rotate", ApiKey.objects.get(user=ann).public_key).stdout),
        read_pair(invoke("user", "add", "robot", "--service").stdout),
    ]
    for one in shown:
        assert list_statuses(one, "info" if one is shown[3] else "sales") == [200] * 3
    request_log.flush()
    uses.flush()
    later = [
        invoke(*command).output
        for command in (
            ("keys", "list", "--all"), ("keys", "list", "--all", "--json"),
            ("keys", "set", shown[0].public_key, "--per-day", "9"), ("user", "list", "--all"), ("doctor",),
            ("keys", "revoke", "--user", "ann"),
            *(("keys", "show", one.public_key) for one in shown),
        )
    ]  # fmt: skip
    kept = "\n".join((*later, caplog.text, *dump_stores()))
    for one in shown:
        assert one.public_key in kept
        for secret in (one.token, one.bearer, one.bearer.rpartition("_")[2]):
            assert secret not in kept
        assert one.text.count(f"token  {one.token}") == 1


def dump_stores() -> Iterator[str]:
    """Every row of both stores as text."""
    for model in apps.get_models():
        yield from (str(row) for row in model._default_manager.values_list())
