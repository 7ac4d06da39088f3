"""Who is let in: by the query, the form or HTTP Basic ([3.6] 1.4 and 1.8, [CONTRACT] Credentials)."""

import base64

import pytest

from tests.asking import Reply, ask
from tests.shops import get_key, setup_key, setup_product, setup_settings, setup_user, signed
from tillroll.access.digests import Pair, make_token
from tillroll.access.services import revoke_key, set_active

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

INFO = "/edd-api/v2/info/"
PRODUCTS = "/edd-api/v2/products/"

NEITHER = (401, {"error": "You must specify both a token and API key!"})
UNKNOWN = (403, {"error": "Invalid API key!"})
WRONG = (403, {"error": "Your request could not be authenticated!"})


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def told(reply: Reply) -> tuple[int, object]:
    return reply.status, reply.data


def sees_sums(reply: Reply) -> bool:
    """Whether a products answer is that of a key with rights; it must be an answer."""
    assert reply.status == 200, reply.data
    return "stats" in reply.data["products"][0]


@pytest.mark.parametrize(
    "endpoint", ["stats", "customers", "sales", "discounts", "file-download-logs", "info"]
)
@pytest.mark.parametrize("version", ["", "v1/", "v2/"])
def test_nobody_is_let_in_without_credentials(version: str, endpoint: str) -> None:
    assert told(ask(f"/edd-api/{version}{endpoint}/")) == NEITHER


def test_products_are_public() -> None:
    setup_product()
    assert not sees_sums(ask(PRODUCTS))


# Query and form


def test_key_and_token_open_in_the_query_and_in_the_form() -> None:
    pair = setup_key()
    assert ask(INFO, signed(pair)).status == 200
    assert ask(INFO, method="POST", form=signed(pair)).status == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("key={key}", NEITHER, id="key alone"),
        pytest.param("token={token}", NEITHER, id="token alone"),
        pytest.param("key={key}&token=", NEITHER, id="empty token"),
        pytest.param("key=&token={token}", NEITHER, id="empty key"),
        pytest.param("key={key}&token={key}", WRONG, id="the key as its token"),
        pytest.param("key={token}&token={token}", UNKNOWN, id="the token as a key"),
        pytest.param("key={other}&token={token}", WRONG, id="another's key"),
        pytest.param("key={upper}&token={token}", UNKNOWN, id="the key in capitals"),
        pytest.param("key={key}&token={TOKEN}", WRONG, id="the token in capitals"),
        pytest.param("key={key}%20&token={token}", UNKNOWN, id="a space behind the key"),
        pytest.param("key={key}&token={token}%20", WRONG, id="a space behind the token"),
        pytest.param("key={key}0&token={token}", UNKNOWN, id="a longer key"),
        pytest.param("key=%25&token={token}", UNKNOWN, id="a pattern"),
        pytest.param("key=%FF&token=%FF", UNKNOWN, id="broken UTF-8"),
        pytest.param("key=nickname&token={token}", UNKNOWN, id="a word that WordPress keeps"),
        pytest.param("key=%00{key}&token={token}", (200, None), id="a zero byte is no character"),
    ],
)
def test_a_pair_that_is_not_whole_and_right_is_refused(query: str, expected: tuple[int, object]) -> None:
    pair = setup_key(public_key="ab" * 16, token="cd" * 16)
    other = setup_key()
    reply = ask(
        INFO,
        query.format(
            key=pair.public_key,
            token=pair.token,
            other=other.public_key,
            upper=pair.public_key.upper(),
            TOKEN=pair.token.upper(),
        ),
    )
    assert reply.status == expected[0]
    if expected[1] is not None:
        assert reply.data == expected[1]


def test_a_secret_opens_nothing_though_the_token_is_made_of_it() -> None:
    secret, public_key = "5" * 32, "9" * 32
    setup_key(public_key=public_key, token=make_token(secret, public_key))
    assert told(ask(INFO, {"key": secret, "token": make_token(secret, public_key)})) == UNKNOWN
    assert told(ask(INFO, {"key": public_key, "token": secret})) == WRONG
    assert ask(INFO, {"key": public_key, "token": make_token(secret, public_key)}).status == 200


def test_a_digest_is_no_token() -> None:
    pair = setup_key()
    digest = get_key(pair).token_digest
    assert told(ask(INFO, {"key": pair.public_key, "token": digest})) == WRONG


def test_a_revoked_key_answers_403() -> None:
    pair = setup_key()
    assert ask(INFO, signed(pair)).status == 200
    revoke_key(get_key(pair))
    assert told(ask(INFO, signed(pair))) == UNKNOWN


def test_the_keys_of_a_user_who_was_shut_out_answer_403() -> None:
    user = setup_user(role="administrator")
    pair = setup_key(user=user)
    assert ask(INFO, signed(pair)).status == 200
    set_active(user, False)
    assert told(ask(INFO, signed(pair))) == UNKNOWN


def test_each_of_a_users_keys_opens_by_its_own_token_alone() -> None:
    user = setup_user(role="administrator")
    first, second = setup_key(user=user), setup_key(user=user)
    assert ask(INFO, signed(first)).status == ask(INFO, signed(second)).status == 200
    assert told(ask(INFO, signed(Pair(first.public_key, second.token)))) == WRONG


def test_the_same_parameter_with_brackets_counts_as_the_plain_one() -> None:
    pair = setup_key()
    assert ask(INFO, f"key[]={pair.public_key}&token[0]={pair.token}").status == 200


# Public products


def test_a_products_call_with_a_right_pair_shows_what_the_pair_may_see() -> None:
    setup_product()
    assert sees_sums(ask(PRODUCTS, signed(setup_key())))


def test_a_products_call_without_a_token_is_public_whatever_its_key() -> None:
    setup_product()
    for key in (setup_key().public_key, "0" * 32):
        assert not sees_sums(ask(PRODUCTS, {"key": key}))
        assert not sees_sums(ask(PRODUCTS, {"key": key, "token": ""}))


@pytest.mark.parametrize(
    ("query", "expected"),
    [("token=abc", NEITHER), ("token=abc&key=", NEITHER), ("token=abc&key=0", UNKNOWN)],
)
def test_a_products_call_with_a_token_has_to_be_right(query: str, expected: tuple[int, object]) -> None:
    assert told(ask(PRODUCTS, query)) == expected


def test_a_products_call_with_another_keys_token_is_refused() -> None:
    pair = Pair(setup_key().public_key, setup_key().token)
    assert told(ask(PRODUCTS, signed(pair))) == WRONG


# Headers


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_http_basic_opens(scheme: str) -> None:
    pair = setup_key()
    header = basic(pair.public_key, pair.token)["Authorization"].replace("Basic", scheme)
    assert ask(INFO, headers={"Authorization": header}).status == 200


def test_http_basic_shows_products_with_its_rights() -> None:
    setup_product()
    pair = setup_key()
    assert sees_sums(ask(PRODUCTS, headers=basic(pair.public_key, pair.token)))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(basic("0" * 32, "x")["Authorization"], UNKNOWN, id="unknown key"),
        pytest.param(basic("{key}", "x")["Authorization"], UNKNOWN, id="no such name"),
        pytest.param(basic("only", "")["Authorization"], NEITHER, id="no token"),
        pytest.param(basic("", "only")["Authorization"], NEITHER, id="no key"),
        pytest.param("Basic", NEITHER, id="scheme alone"),
        pytest.param("Basic %%%", NEITHER, id="no base64"),
        pytest.param("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), NEITHER, id="no UTF-8"),
        pytest.param("Bearer abcdef", NEITHER, id="an unknown bearer"),
        pytest.param("Digest username=a", NEITHER, id="another scheme"),
    ],
)
def test_a_wrong_header_is_refused_where_credentials_are_needed(
    header: str, expected: tuple[int, object]
) -> None:
    assert told(ask(INFO, headers={"Authorization": header})) == expected


@pytest.mark.parametrize(
    "header",
    [
        basic("0" * 32, "x")["Authorization"],
        basic("staging", "password")["Authorization"],
        basic("", "x")["Authorization"],
        "Basic %%%",
        "Bearer abcdef",
        "Negotiate x",
    ],
)
def test_a_foreign_header_is_ignored_on_public_products(header: str) -> None:
    setup_product()
    assert not sees_sums(ask(PRODUCTS, headers={"Authorization": header}))


def test_a_known_keys_wrong_header_is_ignored_on_public_products() -> None:
    setup_product()
    assert not sees_sums(ask(PRODUCTS, headers=basic(setup_key().public_key, "x")))


def test_a_header_is_not_read_beside_a_key_or_token_in_the_parameters() -> None:
    pair = setup_key()
    right = basic(pair.public_key, pair.token)
    assert told(ask(INFO, {"key": pair.public_key}, headers=right)) == NEITHER
    assert told(ask(INFO, {"token": pair.token}, headers=right)) == NEITHER
    assert told(ask(INFO, {"key": "0", "token": "0"}, headers=right)) == UNKNOWN
    assert ask(INFO, {"key": "", "token": ""}, headers=right).status == 200


def test_parameters_win_over_a_wrong_header() -> None:
    assert ask(INFO, signed(setup_key()), headers=basic("0" * 32, "x")).status == 200


def test_a_token_with_a_colon_is_read_whole() -> None:
    pair = setup_key(token="a:b:c")
    assert ask(INFO, headers=basic(pair.public_key, pair.token)).status == 200


# Query credentials switched off


def test_a_shop_may_take_no_credentials_from_the_query() -> None:
    pair = setup_key()
    setup_settings(query_credentials=False)
    assert told(ask(INFO, signed(pair))) == NEITHER
    assert ask(INFO, method="POST", form=signed(pair)).status == 200
    assert ask(INFO, headers=basic(pair.public_key, pair.token)).status == 200


def test_without_query_credentials_the_header_counts_beside_a_query() -> None:
    pair = setup_key()
    setup_settings(query_credentials=False)
    reply = ask(INFO, {"key": "0", "token": "0"}, headers=basic(pair.public_key, pair.token))
    assert reply.status == 200


def test_without_query_credentials_a_products_call_with_them_is_public() -> None:
    setup_product()
    pair = setup_key()
    setup_settings(query_credentials=False)
    assert not sees_sums(ask(PRODUCTS, signed(pair)))
