"""Keys on the command line: a token is shown once and opens the API; a revoked key does not."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.asking import ask
from tests.cli.conftest import Invoke
from tests.shops import get_key, setup_key, setup_user
from tillroll.access.digests import digest_token, pepper_id
from tillroll.access.models import ApiKey

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


def test_an_issued_key_opens_the_api_and_only_its_digest_is_kept(invoke: Invoke) -> None:
    user = setup_user("ann", role="shop_manager")
    output = invoke("keys", "issue", "ann", "--label", "Phone").stdout
    public_key = re.findall(r"^key    ([0-9a-f]{32})$", output, re.M)[0]
    token = re.findall(r"^token  ([0-9a-f]{32})$", output, re.M)[0]
    kept = ApiKey.objects.get()
    assert (kept.user, kept.label, kept.public_key) == (user, "Phone", public_key)
    assert (kept.token_digest, kept.pepper_id) == (digest_token(token), pepper_id())
    url = re.findall(r"curl '(http://127\.0\.0\.1:8000(/edd-api/v2/sales/)\?([^']*))'", output)[0]
    assert ask(url[1], url[2]).status == 200
    assert ask(url[1], url[2].replace(token, "0" * 32)).status == 403


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


def test_an_unknown_user_gets_no_key(invoke: Invoke) -> None:
    stderr = invoke("keys", "issue", "nobody", code=2).stderr
    assert stderr == "No user is called nobody; `tillroll user list` shows them.\n"
    assert not ApiKey.objects.exists()


def test_a_label_that_is_too_long_is_refused(invoke: Invoke) -> None:
    setup_user("ann")
    assert "100 characters" in invoke("keys", "issue", "ann", "--label", "x" * 101, code=2).stderr
    assert not ApiKey.objects.exists()


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
        ("ffff", "No key begins with ffff; `tillroll keys list` shows them."),
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


def test_the_list_names_keys_and_their_state_but_no_token(invoke: Invoke) -> None:
    fine = setup_key(user=setup_user("ann"), label="Phone")
    gone = setup_key(user=setup_user("bob"))
    lost = setup_key(user=setup_user("cem"))
    ApiKey.objects.filter(public_key=gone.public_key).update(revoked_at=timezone.now())
    ApiKey.objects.filter(public_key=lost.public_key).update(pepper_id="other")
    output = invoke("keys", "list").stdout
    rows = {line.split()[0]: line for line in output.splitlines() if line and line[0] not in "K─"}
    assert re.search(r"ann +Phone .* in force", rows[fine.public_key])
    assert re.search(rf"bob .* revoked {timezone.now():%Y-%m-%d}", rows[gone.public_key])
    assert re.search(r"cem .* pepper lost", rows[lost.public_key])
    assert not any(pair.token in output or digest_token(pair.token) in output for pair in (fine, gone, lost))


def test_a_shop_without_keys_says_how_to_make_one(invoke: Invoke) -> None:
    assert "`tillroll keys issue USER` makes one" in invoke("keys", "list").stdout
