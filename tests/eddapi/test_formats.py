"""JSON, whole and in pieces, and what both formats share."""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillroll.eddapi.formats import (
    DayMap,
    Format,
    append_speed,
    encode_json,
    encode_xml,
    stream_json,
    stream_xml,
)

any_text = st.text(st.characters(exclude_categories=()))
leaves = st.none() | st.booleans() | st.integers() | st.floats() | any_text
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(any_text, inner), max_leaves=20)
answers = st.dictionaries(any_text, values)


Stream = Callable[[str, Iterable[list[object]], Callable[[], float]], Iterator[bytes]]


def carry(value: object) -> object:
    """What JSON in UTF-8 can carry of a value."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, list):
        return [carry(item) for item in value]
    if isinstance(value, dict):
        return {carry(key): carry(member) for key, member in value.items()}
    return value


def test_the_content_types_are_exact() -> None:
    assert Format("json").content_type == "application/json"
    assert Format("xml").content_type == "application/xml; charset=UTF-8"
    assert list(Format) == ["json", "xml"]


def test_json_is_compact_and_in_order() -> None:
    answer = {"sales": [{"ID": "1", "tax": 1.9, "fees": None}], "b": True, "a": "Été / 🌞 <&>"}
    assert encode_json(answer).decode() == (
        '{"sales":[{"ID":"1","tax":1.9,"fees":null}],"b":true,"a":"Été / 🌞 <&>"}'
    )


def test_pretty_json_is_indented_by_four() -> None:
    answer = {"sales": [{"ID": 1}, {}], "none": []}
    assert encode_json(answer, pretty=True).decode() == json.dumps(answer, indent=4)
    assert json.loads(encode_json({}, pretty=True)) == {}


def test_a_day_map_is_a_plain_object_in_json() -> None:
    assert encode_json({"sales": DayMap({"20130201": 3})}) == b'{"sales":{"20130201":3}}'


@pytest.mark.parametrize("pretty", [False, True])
def test_a_lone_surrogate_is_replaced_at_any_depth(pretty: bool) -> None:
    answer = {
        "a\ud800": ["\udfff", ("x\udc00y",), {"k": DayMap({"\udc00": 1})}],
        "money": Decimal("1.50"),
        "ready": msgspec.Raw(b"[1]"),
    }
    assert json.loads(encode_json(answer, pretty=pretty)) == {
        "a\ufffd": ["\ufffd", ["x\ufffdy"], {"k": {"\ufffd": 1}}],
        "money": "1.50",
        "ready": [1],
    }


@given(answers, st.booleans())
def test_any_answer_is_well_formed_and_reads_back(answer: dict[str, object], pretty: bool) -> None:
    assert json.loads(encode_json(answer, pretty=pretty)) == carry(answer)


@pytest.mark.parametrize(
    ("body", "with_speed"),
    [
        (b"{}", b'{"request_speed":0.00012}'),
        (b'{"a":1}', b'{"a":1,"request_speed":0.00012}'),
        (b'{"a":{}}', b'{"a":{},"request_speed":0.00012}'),
        (b'{"a":"\\n}"}', b'{"a":"\\n}","request_speed":0.00012}'),
        (b"{\n}", b'{\n    "request_speed": 0.00012\n}'),
        (b'{\n    "a": {}\n}', b'{\n    "a": {},\n    "request_speed": 0.00012\n}'),
    ],
)
def test_the_speed_is_the_last_member_of_json(body: bytes, with_speed: bytes) -> None:
    assert append_speed(body, 0.00012, Format.JSON) == with_speed


@given(answers, st.booleans(), st.floats(0, 1e6))
def test_the_speed_goes_behind_any_answer(answer: dict[str, object], pretty: bool, seconds: float) -> None:
    answer.pop("request_speed", None)
    body = append_speed(encode_json(answer, pretty=pretty), seconds, Format.JSON)
    assert json.loads(body) == {**json.loads(encode_json(answer)), "request_speed": seconds}
    assert body == encode_json({**answer, "request_speed": seconds}, pretty=pretty)


def test_the_speed_is_the_last_element_of_xml() -> None:
    body = append_speed(encode_xml({"a": 1}), 0.25, Format.XML)
    assert body == encode_xml({"a": 1, "request_speed": 0.25})


@given(any_text, st.lists(st.lists(values)), st.booleans())
def test_a_json_stream_joins_to_the_whole(key: str, batches: list[list[object]], pretty: bool) -> None:
    whole = encode_json({key: [item for batch in batches for item in batch]}, pretty=pretty)
    pieces = stream_json(key, batches, lambda: 0.25, pretty=pretty)
    assert b"".join(pieces) == append_speed(whole, 0.25, Format.JSON)


@pytest.mark.parametrize("stream", [stream_json, stream_xml])
def test_a_stream_reads_a_batch_only_when_it_is_asked_for_more(stream: Stream) -> None:
    read: list[int] = []

    def read_batches() -> Iterator[list[object]]:
        for number in range(3):
            read.append(number)
            yield [number]

    pieces = stream("sales", read_batches(), lambda: float(len(read)))
    next(pieces)
    assert read == []
    next(pieces)
    assert read == [0]
    assert b"3" in list(pieces)[-1]


@pytest.mark.parametrize("stream", [stream_json, stream_xml])
def test_a_stream_that_fails_ends_without_the_speed(stream: Stream) -> None:
    def read_batches() -> Iterator[list[object]]:
        yield [1]
        raise ConnectionError("gone")

    sent: list[bytes] = []
    with pytest.raises(ConnectionError):
        sent.extend(stream("sales", read_batches(), lambda: 0.5))
    assert b"request_speed" not in b"".join(sent)
