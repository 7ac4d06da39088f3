"""Of two faults of a request the earlier gate's is the answer ([CONTRACT] Order of checks)."""

from dataclasses import dataclass, field
from itertools import combinations

import pytest

from tests.asking import ask
from tests.shops import setup_key, signed

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong with an otherwise right request for stats or sales, and its answer."""

    name: str
    status: int
    error: str | None
    method: str = "POST"
    version: str = "v2"
    endpoint: str = "sales"
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    key: str = "administrator"


RIGHT = Wrong("nothing", 200, None)

STEPS = (
    Wrong("method", 405, "Method not allowed!", method="PUT"),
    Wrong(
        "conflict",
        400,
        "The parameter s has different values in the query and in the form!",
        query={"s": "a"},
        form={"s": "b"},
    ),
    Wrong("version", 404, "Invalid API version!", version="v9"),
    Wrong("endpoint", 400, "Invalid query!", endpoint="nonsense"),
    Wrong("format", 400, "Invalid format!", query={"format": "yaml"}),
    Wrong("credentials", 401, "You must specify both a token and API key!", key=""),
    Wrong("key", 403, "Invalid API key!", key="unknown"),
    Wrong("capability", 200, None, key="subscriber"),
    Wrong(
        "number", 400, "The number parameter must be -1 or a positive whole number!", query={"number": "ten"}
    ),
    Wrong("page", 400, "The page parameter must be a positive whole number!", query={"page": "two"}),
)


def send(wrong: Wrong, also: Wrong) -> tuple[int, str | None]:
    """The status and the error of a request that both are wrong with."""

    def pick(name: str) -> str:
        mine, other, right = (str(getattr(each, name)) for each in (wrong, also, RIGHT))
        return mine if mine != right else other

    role = pick("key")
    signature: dict[str, object] = {}
    if role == "unknown":
        signature = {"key": "0" * 32, "token": "0" * 32}
    elif role:
        signature = signed(setup_key(role=role))
    reply = ask(
        f"/edd-api/{pick('version')}/{pick('endpoint')}/",
        {**also.query, **wrong.query, **signature},
        method=pick("method"),
        form={**also.form, **wrong.form},
    )
    return reply.status, reply.data.get("error")


@pytest.mark.parametrize("wrong", STEPS, ids=lambda wrong: wrong.name)
def test_a_single_fault_is_told(wrong: Wrong) -> None:
    assert send(wrong, RIGHT) == (wrong.status, wrong.error)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param(earlier, later, id=f"{earlier.name} before {later.name}")
        for earlier, later in combinations(STEPS, 2)
        if not {earlier.name, later.name} <= {"credentials", "key", "capability"}
    ],
)
def test_the_earlier_fault_is_told(earlier: Wrong, later: Wrong) -> None:
    assert send(earlier, later) == (earlier.status, earlier.error)


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ("number=ten&page=two", "The number parameter must be -1 or a positive whole number!"),
        ("page=two&customer=99", "The page parameter must be a positive whole number!"),
    ],
)
def test_paging_is_looked_at_before_the_endpoints_own_parameters(question: str, error: str) -> None:
    pair = setup_key()
    reply = ask("/edd-api/v2/customers/", f"key={pair.public_key}&token={pair.token}&{question}")
    assert (reply.status, reply.data) == (400, {"error": error})


def test_a_missing_capability_is_told_before_the_length_of_a_range() -> None:
    question = {"type": "sales", "date": "range", "startdate": "20000101", "enddate": "20200101"}
    reply = ask("/edd-api/v2/stats/", signed(setup_key(role="subscriber"), **question))
    assert (reply.status, list(reply.data)) == (200, ["request_speed"])
