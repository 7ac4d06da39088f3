"""Answers as XML: EDD's mapping to the letter, and well-formed whatever the records hold."""

import math
import unicodedata
from decimal import Decimal
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillroll.eddapi.xml import DayMap, append_xml_speed, encode_xml, format_float, stream_xml

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

any_text = st.text(st.characters(exclude_categories=()))
leaves = st.none() | st.booleans() | st.integers() | st.floats() | any_text
answers = st.dictionaries(
    any_text,
    st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(any_text, inner), max_leaves=20),
)


def parse(body: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(body)  # noqa: S314 - our own bytes


def clean(text: str) -> str:
    """What XML 1.0 can carry of a text."""
    return "".join(
        "\ufffd" if (c < " " and c not in "\t\n\r") or "\ud800" <= c <= "\udfff" or c in "\ufffe\uffff" else c
        for c in text
    )


def list_texts(value: object) -> list[str]:
    """The texts of an answer's innermost elements, in order."""
    if isinstance(value, dict):
        return [text for member in value.values() for text in list_texts(member)] or [""]
    if isinstance(value, list):
        return [text for item in value for text in list_texts(item)] or [""]
    if value is True:
        return ["1"]
    if value is None or value is False:
        return [""]
    return [format_float(value) if isinstance(value, float) else clean(str(value))]


def inside(answer: dict[str, object]) -> str:
    body = encode_xml(answer).decode()
    assert body.startswith(HEAD + "<edd>")
    assert body.endswith("</edd>")
    return body.removeprefix(HEAD + "<edd>").removesuffix("</edd>")


def test_a_sale_is_written_as_edd_writes_it() -> None:
    sale = {
        "ID": "254",
        "mode": "live",
        "transaction_id": "",
        "total": "0.000000000",
        "products": [
            {"object_id": 383, "id": 24, "name": "Odd Cents", "price_name": ""},
            {"object_id": 384, "id": 14, "name": "Checkout Pro", "price_name": ""},
        ],
        "fees": None,
        "discounts": {"SPRING26": "2.970000000"},
    }
    assert encode_xml({"sales": [sale, {"ID": "255"}], "request_speed": 0.012996912002563477}).decode() == (
        HEAD + "<edd><sales><ID>254</ID><mode>live</mode><transaction_id></transaction_id>"
        "<total>0.000000000</total>"
        "<products><object_id>383</object_id><id>24</id><name>Odd Cents</name>"
        "<price_name></price_name></products>"
        "<products><object_id>384</object_id><id>14</id><name>Checkout Pro</name>"
        "<price_name></price_name></products>"
        "<fees></fees><discounts><SPRING26>2.970000000</SPRING26></discounts></sales>"
        "<sales><ID>255</ID></sales><request_speed>0.012996912002563</request_speed></edd>"
    )


@pytest.mark.parametrize(
    ("value", "xml"),
    [
        (True, "<a>1</a>"),
        (False, "<a></a>"),
        (None, "<a></a>"),
        ("", "<a></a>"),
        ("false", "<a>false</a>"),
        (0, "<a>0</a>"),
        (-7, "<a>-7</a>"),
        (0.1 + 0.2, "<a>0.3</a>"),
        (Decimal("1.50"), "<a>1.50</a>"),
        ([], "<a></a>"),
        ({}, "<a></a>"),
        (DayMap(), "<a></a>"),
        ([1, "two", None], "<a>1</a><a>two</a><a></a>"),
        ((1, 2), "<a>1</a><a>2</a>"),
        ([[1, 2], [], [[3]]], "<a><item>1</item><item>2</item></a><a></a><a><item><item>3</item></item></a>"),
        ([{}, {"b": 1}], "<a></a><a><b>1</b></a>"),
        ({"b": {"c": []}}, "<a><b><c></c></b></a>"),
        ({"b": [1, 2]}, "<a><b>1</b><b>2</b></a>"),
        # integer keys alone: PHP can't tell such a map from a list
        ({"1": "x@y.example", "2": "z"}, "<a>x@y.example</a><a>z</a>"),
        ({0: "x", 5: {"b": 1}}, "<a>x</a><a><b>1</b></a>"),
        ({"-5": 1}, "<a>1</a>"),
        ({"20130201": 3}, "<a>3</a>"),
        # one other key makes it a map; "01" and "-0" are texts in PHP
        ({"1": 1, "b": 2}, '<a><item key="1">1</item><b>2</b></a>'),
        ({"01": 1}, '<a><item key="01">1</item></a>'),
        ({"-0": 1}, '<a><item key="-0">1</item></a>'),
        # a slug of digits in a list of products
        ([{"2024": 5}, {"pro": 6}], '<a><item key="2024">5</item></a><a><pro>6</pro></a>'),
        (msgspec.Raw(b'{"b":[1,2]}'), "<a><b>1</b><b>2</b></a>"),
    ],
)
def test_a_member_is_written_by_the_kind_of_its_value(value: object, xml: str) -> None:
    assert inside({"a": value}) == xml


def test_a_day_map_keeps_its_dates() -> None:
    days = DayMap({"20130201": 3, "20130202": 0, "20130203": 1.5})
    assert inside({"sales": days, "totals": 4}) == (
        '<sales><day date="20130201">3</day><day date="20130202">0</day>'
        '<day date="20130203">1.5</day></sales>'
        "<totals>4</totals>"
    )
    assert inside({"a": [days]}) == inside({"a": days})


def test_a_term_becomes_nested_elements() -> None:
    term = {"term_id": 7, "name": "E-Books & more", "parent": 0, "filter": "raw"}
    assert inside({"category": [term]}) == (
        "<category><term_id>7</term_id><name>E-Books &amp; more</name><parent>0</parent>"
        "<filter>raw</filter></category>"
    )


def test_a_numbered_member_of_the_answer_itself_keeps_its_key() -> None:
    assert inside({"0": "x"}) == '<item key="0">x</item>'


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("amount", "<amount>"),
        ("_x-1.y", "<_x-1.y>"),
        ("ÉTÉ", "<ÉTÉ>"),
        ("日本", "<日本>"),
        ("", '<item key="">'),
        ("2024", '<item key="2024">'),
        ("2-user", '<item key="2-user">'),
        ("-x", '<item key="-x">'),
        ("10% OFF", '<item key="10% OFF">'),
        ("a b", '<item key="a b">'),
        ("a:b", '<item key="a:b">'),
        ("@x", '<item key="@x">'),
        ("#x", '<item key="#x">'),
        ("!x", '<item key="!x">'),
        ("%e3%83%86", '<item key="%e3%83%86">'),
        ("x\n", '<item key="x&#10;">'),
        ("<&\">'\t\r", '<item key="&lt;&amp;&quot;&gt;\'&#9;&#13;">'),
        ("\0", '<item key="\ufffd">'),
        ("\U0001f31e", '<item key="\U0001f31e">'),
    ],
)
def test_a_name_that_xml_forbids_becomes_a_key(name: str, start: str) -> None:
    tag = "item" if start.startswith("<item") else name
    assert inside({name: "v"}) == f"{start}v</{tag}>"
    assert inside({"m": {name: "v", "b": 1}}) == f"<m>{start}v</{tag}><b>1</b></m>"


def test_every_letter_that_goes_bare_into_a_name_is_read_by_a_strict_parser() -> None:
    bare = [chr(c) for c in range(0x10000) if "<item" not in inside({chr(c): 1})]
    assert len(bare) > 30_000
    root = parse(encode_xml(dict.fromkeys(bare, 1)))
    assert [element.tag for element in root] == bare
    assert all(c == "_" or unicodedata.category(c).startswith("L") for c in bare)


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ('Tom & <b>"Jerry"</b>\'s', "Tom &amp; &lt;b&gt;&quot;Jerry&quot;&lt;/b&gt;'s"),
        ("&#8217;", "&amp;#8217;"),
        ("]]>", "]]&gt;"),
        ("Été 🌞", "Été 🌞"),
        ("a\tb\nc\rd", "a\tb\nc&#13;d"),
        ("a\0b\x1f\x0b\ufffe\uffff\ud800", "a\ufffdb\ufffd\ufffd\ufffd\ufffd\ufffd"),
    ],
)
def test_a_text_is_escaped_and_cleaned(text: str, xml: str) -> None:
    assert inside({"a": text}) == f"<a>{xml}</a>"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (20.0, "20"),
        (19.99, "19.99"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.33333333333333"),
        (1302.2764, "1302.2764"),
        (123456789.123456789, "123456789.12346"),
        (0.00073885917663574219, "0.00073885917663574"),
        (0.0001, "0.0001"),
        (0.00001, "1.0E-5"),
        (0.000012345, "1.2345E-5"),
        (99999999999999.0, "99999999999999"),
        (1e14, "1.0E+14"),
        (1e15, "1.0E+15"),
        (1e25, "1.0E+25"),
        (-2.5e25, "-2.5E+25"),
        (1e100, "1.0E+100"),
        (5e-324, "4.9406564584125E-324"),
        (math.nan, ""),
        (math.inf, ""),
    ],
)
def test_a_float_has_fourteen_digits_as_php_prints_it(number: float, text: str) -> None:
    assert format_float(number) == text


@given(answers)
def test_any_answer_parses_and_keeps_its_texts(answer: dict[str, object]) -> None:
    root = parse(encode_xml(answer))
    assert root.tag == "edd"
    assert [element.text or "" for element in root.iter() if not len(element)] == list_texts(answer)


@given(any_text)
def test_any_name_is_kept(name: str) -> None:
    (element,) = parse(encode_xml({name: 1}))
    assert element.get("key", element.tag) == clean(name)


def test_the_speed_is_the_last_element() -> None:
    assert append_xml_speed(encode_xml({}), 0.00012) == (
        HEAD.encode() + b"<edd><request_speed>0.00012</request_speed></edd>"
    )
    assert append_xml_speed(encode_xml({"error": "</edd>"}), 0.5) == (
        HEAD.encode() + b"<edd><error>&lt;/edd&gt;</error><request_speed>0.5</request_speed></edd>"
    )


@given(any_text, st.lists(st.lists(leaves | st.lists(leaves) | st.dictionaries(any_text, leaves))))
def test_a_stream_joins_to_the_whole(key: str, batches: list[list[object]]) -> None:
    whole = encode_xml({key: [item for batch in batches for item in batch]})
    assert b"".join(stream_xml(key, batches, lambda: 0.25)) == append_xml_speed(whole, 0.25)
