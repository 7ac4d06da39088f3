"""The forms of a URL that reach an endpoint, and the others ([3.6] 1.1-1.3, [CONTRACT] Requests)."""

import pytest

from tests.asking import ask
from tests.shops import setup_key, setup_product, setup_settings, signed

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

INVALID_QUERY = (400, {"error": "Invalid query!"})
INVALID_VERSION = (404, {"error": "Invalid API version!"})


@pytest.mark.parametrize(
    ("path", "query"),
    [
        pytest.param("/edd-api/products/", "", id="unversioned"),
        pytest.param("/edd-api/products", "", id="without trailing slash"),
        pytest.param("/edd-api/v1/products/", "", id="v1"),
        pytest.param("/edd-api/v2/products", "", id="v2 without trailing slash"),
        pytest.param("//edd-api/v2/products/", "", id="double slash"),
        pytest.param("/index.php/edd-api/v2/products/", "", id="index.php"),
        pytest.param("/shop/edd-api/v2/products/", "", id="below a prefix"),
        pytest.param("/hello-world/edd-api/v2/products", "", id="below a post"),
        pytest.param("/edd-api/v2/%70roducts/", "", id="percent-encoded letter"),
        pytest.param("/", "edd-api=v2/products", id="query form"),
        pytest.param("/", "edd-api=v2/products/", id="query form with trailing slash"),
        pytest.param("/", "edd-api=products", id="query form, unversioned"),
        pytest.param("/", "edd-api=v2%2Fproducts", id="query form, encoded"),
        pytest.param("/", "number=1&edd-api=v2/products", id="query form behind another parameter"),
        pytest.param("/index.php", "edd-api=v2/products", id="query form at index.php"),
        pytest.param("/shop/", "edd-api=v2/products", id="query form below a prefix"),
        pytest.param("/edd-api/v2/nonsense/", "edd-api=v2/products", id="the query wins over the path"),
    ],
)
def test_a_url_form_reaches_its_endpoint(path: str, query: str) -> None:
    reply = ask(path, query)
    assert reply.status == 200
    assert reply.data["products"] == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/edd-api/", INVALID_QUERY, id="nothing"),
        pytest.param("/edd-api", INVALID_QUERY, id="nothing, without slash"),
        pytest.param("/edd-api/nonsense/", INVALID_QUERY, id="unknown endpoint"),
        pytest.param("/edd-api/Products/", INVALID_QUERY, id="an endpoint in capitals"),
        pytest.param("/edd-api/v2/", INVALID_QUERY, id="version without endpoint"),
        pytest.param("/edd-api/v2", INVALID_QUERY, id="version alone"),
        pytest.param("/edd-api/v2//products/", INVALID_QUERY, id="double slash inside"),
        pytest.param("/edd-api/v2/products/extra/", INVALID_QUERY, id="more behind the endpoint"),
        pytest.param("/edd-api/v1/v2/products/", INVALID_QUERY, id="two versions"),
        pytest.param("/edd-api/V2/products/", INVALID_QUERY, id="a version in capitals"),
        pytest.param("/edd-api//products/", INVALID_QUERY, id="empty version"),
        pytest.param("/edd-api/v3/products/", INVALID_VERSION, id="unknown version"),
        pytest.param("/edd-api/v2.0/products/", INVALID_VERSION, id="version with a point"),
        pytest.param("/edd-api/2/products/", INVALID_VERSION, id="version without v"),
        pytest.param("/edd-api/products/extra/", INVALID_VERSION, id="an endpoint where a version stands"),
        pytest.param("/edd-api/v9/nonsense/", INVALID_VERSION, id="the version is looked at first"),
    ],
)
def test_a_wrong_path_is_told_apart(path: str, expected: tuple[int, object]) -> None:
    reply = ask(path)
    assert (reply.status, reply.data) == expected
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/EDD-API/v2/products/", "/edd-apis/v2/products/", "/healthz/live"])
def test_another_path_is_not_the_apis(path: str) -> None:
    reply = ask(path)
    assert b"products" not in reply.content
    assert b"API version" not in reply.content


def test_a_parameter_that_ends_like_the_apis_is_not_the_apis() -> None:
    assert ask("/healthz/live/", "not-edd-api=v2/products").status == 404
    assert ask("/", "xedd-api=v2/products").headers["content-type"] != "application/json"


@pytest.mark.parametrize(
    ("dialect", "default", "answers"),
    [
        ("edd3", "v1", "v1"),
        ("edd3", "v2", "v2"),
        ("documented", "v1", "v1"),
        pytest.param("documented", "v2", "v1", id="documented always v1"),
    ],
)
def test_an_unversioned_url_answers_as_the_dialect_says(dialect: str, default: str, answers: str) -> None:
    setup_settings(dialect=dialect, default_version=default, skus_enabled=True)
    setup_product(sku="A-1")
    [product] = ask("/edd-api/products/").data["products"]
    assert ("sku" in product["info"]) is (answers == "v2")


def test_a_new_shops_unversioned_url_answers_v1() -> None:
    setup_settings(skus_enabled=True)
    setup_product(sku="A-1")
    assert "sku" not in ask("/edd-api/products/").data["products"][0]["info"]
    assert ask("/edd-api/v2/products/").data["products"][0]["info"]["sku"] == "A-1"


@pytest.mark.parametrize(
    "endpoint", ["stats", "customers", "sales", "discounts", "file-download-logs", "info"]
)
@pytest.mark.parametrize("version", ["", "v1/", "v2/"])
def test_every_endpoint_is_there_in_every_version(endpoint: str, version: str) -> None:
    pair = setup_key()
    assert ask(f"/edd-api/{version}{endpoint}/", signed(pair)).status == 200


def test_unknown_parameters_and_those_without_a_use_are_ignored() -> None:
    setup_product()
    query = "colour=red&number100&email=a@b.example&startdate=x&id=7&category=&tag=&s=&page=&%5B%5D=1&=2&&"
    reply = ask("/edd-api/v2/products/", query)
    assert reply.status == 200
    assert len(reply.data["products"]) == 1


def test_of_a_repeated_parameter_the_last_value_counts() -> None:
    for _ in range(3):
        setup_product()
    assert len(ask("/edd-api/v2/products/", "number=3&number=1").data["products"]) == 1
    assert len(ask("/edd-api/v2/products/", "number[]=3&number[7]=2").data["products"]) == 2
