"""A mirror is some seconds behind: it is given the time to hear of what was sold, and not more."""

import json
from datetime import UTC, datetime, timedelta
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from urllib3 import HTTPHeaderDict

from tests.cli.comparing.replayed import OWNER
from tests.cli.comparing.told import Shop, Told, stats
from tillroll.cli.comparing import sides
from tillroll.cli.comparing.answers import Answer, Round, read_answer
from tillroll.cli.comparing.comparison import Verdict, compare, judge
from tillroll.cli.comparing.mirrors import Patience, read_round
from tillroll.cli.comparing.questions import Question, ask
from tillroll.cli.comparing.sides import Here, Remote

START = datetime(2026, 2, 3, 3, 30, tzinfo=UTC)
QUESTION = stats("sales", date="today")


class Mirror:
    """Begins a round every `every` seconds, the last one `behind` seconds before the start, until it stops;
    `known` is what it says from the round on that began after the start."""

    name = "a mirror"

    def __init__(self, behind: int, every: int, *, stops: bool = False) -> None:
        self.slept: list[float] = []
        self.asked: list[float] = []
        self._behind, self._every, self._stops = behind, every, stops

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def ask(self, question: Question) -> Answer:
        passed = sum(self.slept)
        self.asked.append(passed)
        rounds = 0 if self._stops else (self._behind + passed) // self._every
        began = -self._behind + rounds * self._every
        said = {"info": {}} if question.endpoint == "info" else {"sales": {"today": 5 if began > 0 else 4}}
        moment = Round(START + timedelta(seconds=began), START + timedelta(seconds=passed))
        return read_answer(200, json.dumps(said).encode(), "", moment)


SOLD: Told = {QUESTION: {"sales": {"today": 5}}}


@pytest.mark.parametrize(
    ("behind", "asked"),
    [
        (1, [0, 5, 10, 15, 15]),
        (6, [0, 5, 10, 10]),
        (13, [0, 5, 5]),
        (14, [0, 5, 10, 15, 20, 20]),  # of a round one second after, whole seconds can't tell that it was
    ],
)
def test_a_mirror_is_asked_again_once_a_round_began_after_the_first_time(
    behind: int, asked: list[float]
) -> None:
    mirror = Mirror(behind, 15)
    assert judge(QUESTION, Shop(SOLD), mirror, Patience(mirror.sleep)).verdict is Verdict.SAME
    assert mirror.asked == asked


def test_either_side_may_be_the_mirror() -> None:
    mirror = Mirror(6, 15)
    assert judge(QUESTION, mirror, Shop(SOLD), Patience(mirror.sleep)).verdict is Verdict.SAME
    assert mirror.slept == [5, 5]


def test_a_difference_that_stays_is_unexplained_after_one_round() -> None:
    mirror = Mirror(6, 15)
    shop = Shop({QUESTION: {"sales": {"today": 6}}})
    assert judge(QUESTION, shop, mirror, Patience(mirror.sleep)).verdict is Verdict.UNEXPLAINED
    assert (mirror.slept, len(shop.asked)) == ([5, 5], 2)


def test_a_mirror_that_stands_still_is_waited_for_a_minute_and_once() -> None:
    mirror = Mirror(6, 15, stops=True)
    patience = Patience(mirror.sleep)
    for _ in range(2):
        assert judge(QUESTION, Shop(SOLD), mirror, patience).verdict is Verdict.UNEXPLAINED
    assert mirror.slept == [5] * 12


def test_a_comparison_waits_once_for_a_mirror_that_stands_still() -> None:
    mirror = Mirror(6, 15, stops=True)
    told: Told = {ask("info"): {"info": {}}}
    comparison = compare(Shop(told), mirror, START, sleep=mirror.sleep)
    assert comparison.count(Verdict.UNEXPLAINED) > 50
    assert mirror.slept == [5] * 12


def test_what_is_no_mirror_is_asked_again_at_once() -> None:
    def sleep(_seconds: float) -> None:
        raise AssertionError

    ours = Shop({QUESTION: {"sales": {"today": 6}}})
    assert judge(QUESTION, Shop(SOLD), ours, Patience(sleep)).verdict is Verdict.UNEXPLAINED
    assert len(ours.asked) == 2


HEADERS = {"X-Tillroll-Mirror-Round": "2026-02-03T03:30:00Z", "X-Tillroll-Mirror-Age": "12"}
ROUND = Round(START, START + timedelta(seconds=12))


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        (HEADERS, ROUND),
        ({}, None),
        ({**HEADERS, "X-Tillroll-Mirror-Age": "old"}, None),
        ({**HEADERS, "X-Tillroll-Mirror-Age": "9" * 30}, None),
        ({**HEADERS, "X-Tillroll-Mirror-Round": "now"}, None),
    ],
)
def test_a_round_is_read_of_both_headers(headers: dict[str, str], read: Round | None) -> None:
    assert read_round(headers) == read


def test_the_round_comes_with_the_answer() -> None:
    remote = Remote("http://127.0.0.1:9", OWNER, 1000, option="URL")
    remote._send_once = lambda url, form: sides._Reply(200, HTTPHeaderDict(HEADERS), b"{}")  # type: ignore[method-assign]
    assert remote.ask(QUESTION).round == ROUND


def test_the_shop_of_this_process_tells_its_round_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def application(_environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        start("200 OK", list(HEADERS.items()))
        return [b"{}"]

    monkeypatch.setattr("tillroll.eddapi.app.application", application)
    assert Here(OWNER).ask(QUESTION).round == ROUND
