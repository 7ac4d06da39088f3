from contextlib import suppress

import phpserialize
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillroll.intake.wordpress.php import PhpValue, PhpValueError, as_map, as_text, unserialize


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("N;", None, id="null"),
        pytest.param("b:1;", True, id="true"),
        pytest.param("b:0;", False, id="false"),
        pytest.param("i:-42;", -42, id="whole number"),
        pytest.param("d:0.25;", 0.25, id="float"),
        pytest.param("d:1.0E+25;", 1e25, id="float with an exponent"),
        pytest.param('s:3:"a"b";', 'a"b', id="quote within a text"),
        pytest.param('s:8:"Zoë 田";', "Zoë 田", id="lengths are bytes of UTF-8"),
        pytest.param('s:0:"";', "", id="empty text"),
        pytest.param("a:0:{}", {}, id="empty array"),
        pytest.param(
            'a:2:{i:0;s:1:"x";s:1:"k";a:1:{i:7;b:1;}}', {0: "x", "k": {7: True}}, id="arrays in arrays"
        ),
        pytest.param(" \n a:0:{}\t", {}, id="blanks around it"),
        pytest.param('s:10:"a;b}c:{"d\n";', 'a;b}c:{"d\n', id="syntax within a text"),
    ],
)
def test_a_serialized_value_is_read(text: str, value: PhpValue) -> None:
    result = unserialize(text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "USD", "a:b", "i:5", "i:five;", "s:oops;", "a:1", "Note: {this};", "12", "{}", "N", ";:"],
)
def test_a_text_that_is_not_serialized_stands_for_itself(text: str) -> None:
    assert unserialize(text) == text


def test_a_value_that_was_serialized_twice_is_unpacked_twice() -> None:
    inner = 'a:1:{s:3:"key";s:1:"v";}'
    assert unserialize(f's:{len(inner)}:"{inner}";') == {"key": "v"}


def test_a_text_that_merely_looks_serialized_inside_a_serialized_one_is_kept() -> None:
    assert unserialize('s:10:"s:5:"abc";";') == 's:5:"abc";'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('s:9:"short";', id="length too large"),
        pytest.param('s:2:"short";', id="length too small"),
        pytest.param('a:2:{i:0;s:1:"x";}', id="members missing"),
        pytest.param("a:1:{i:0;i:1;i:2;}", id="members too many"),
        pytest.param("a:1:{a:0:{}i:1;}", id="array as a key"),
        pytest.param("a:1:{b:1;i:1;}", id="truth as a key"),
        pytest.param("a:1:{d:0.5;i:1;}", id="float as a key"),
        pytest.param("i:1.5;", id="fraction in a whole number"),
        pytest.param("i:" + "9" * 5000 + ";", id="number of 5,000 digits"),
        pytest.param("a:1:{i:0;R:1;}", id="reference"),
        pytest.param('E:6:"Suit:H";', id="enumeration"),
        pytest.param('s:3:"Zoë";', id="length counted in characters"),
    ],
)
def test_a_broken_value_ends_in_a_sentence(text: str) -> None:
    with pytest.raises(PhpValueError, match=r"^a serialized PHP value can't be read, '.+': .+"):
        unserialize(text)


def test_nesting_without_end_is_refused() -> None:
    text = "a:1:{i:0;" * 100_000 + "N;" + "}" * 100_000
    with pytest.raises(PhpValueError, match="nested too deeply"):
        unserialize(text)


def test_an_object_becomes_a_dict_of_its_members_and_never_an_object() -> None:
    text = 'O:8:"stdClass":3:{s:1:"a";i:1;s:4:"\0*\0b";i:2;s:9:"\0Own\0priv";i:3;}'
    assert unserialize(text) == {"a": 1, "b": 2, "priv": 3}


VALUES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.dictionaries(st.integers(-100, 100) | st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.integers(0, 50) | st.text(), VALUES, max_size=4))
def test_what_was_serialized_comes_back(value: dict[object, object]) -> None:
    text = phpserialize.dumps(value).decode("utf-8", "surrogateescape")
    assert unserialize(text) == value


@given(st.text('aisbdNOE:;{}"0123456789-.', max_size=60))
def test_no_text_ends_in_anything_but_a_value_or_a_sentence(text: str) -> None:
    with suppress(PhpValueError):
        unserialize(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (None, ""),
        (True, "1"),
        (False, ""),
        (0, "0"),
        (-7, "-7"),
        (1.0, "1"),
        (0.1 + 0.2, "0.3"),
        (19.99, "19.99"),
        (123456789012345678.0, "1.2345678901235E+17"),
        (1e25, "1.0E+25"),
        (1e14, "1.0E+14"),
        (-2.5e-7, "-2.5E-7"),
        (0.0001, "0.0001"),
        (float("inf"), "INF"),
        (float("-inf"), "-INF"),
        (float("nan"), "NAN"),
        ({}, ""),
    ],
)
def test_a_value_prints_as_php_prints_it(value: PhpValue, text: str) -> None:
    assert as_text(value) == text


def test_what_is_no_array_is_an_empty_one() -> None:
    assert as_map({"a": 1}) == {"a": 1}
    assert [as_map(value) for value in ("", None, False, "x", 3)] == [{}] * 5
