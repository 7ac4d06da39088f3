"""What came of a comparison: a page that needs nothing beside it, Markdown, or JSON for a program.

Addresses are without credentials. Values are the shop's own: they name its customers, so a file of
them is its owner's alone.
"""

import html
import json
from collections.abc import Iterator
from typing import Any

from tillroll.cli.comparing.answers import ABSENT, Difference, show_text
from tillroll.cli.comparing.comparison import Comparison, Outcome, Verdict
from tillroll.cli.comparing.reasons import Reason

LONGEST_VALUE = 300
"""Characters of a value that a report shows."""

HEADINGS = {
    Verdict.UNEXPLAINED: "Unexplained",
    Verdict.EXPLAINED: "Meant to differ",
}
NOTES = {
    Verdict.UNEXPLAINED: "Nothing in Tillroll's list of differences says why. Asked twice of both.",
    Verdict.EXPLAINED: "Each comes out equal once the reason beside it is applied.",
}

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing of what the shops said can run or fetch anything."""

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --bad: #c62828; --good: #2e7d32; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
section { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; overflow: hidden; }
section h3 { background: var(--soft); font: 600 14px/1.5 ui-monospace, monospace; margin: 0;
  overflow-wrap: anywhere; padding: .5rem .8rem; }
section p { margin: .5rem .8rem; }
section table { table-layout: fixed; }
section th:first-child { width: 28%; }
td code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
.bad { color: var(--bad); font-weight: 600; }
.good { color: var(--good); font-weight: 600; }
.soft { opacity: .7; }
"""


def summarise(comparison: Comparison) -> str:
    """One sentence."""
    asked, same = len(comparison.outcomes), comparison.count(Verdict.SAME)
    meant, open_ = comparison.count(Verdict.EXPLAINED), comparison.count(Verdict.UNEXPLAINED)
    differ = "differs" if meant == 1 else "differ"
    end = f"{open_:,} {'is' if open_ == 1 else 'are'} unexplained" if open_ else "nothing is unexplained"
    return f"{asked:,} questions: {same:,} answered the same, {meant:,} {differ} as they should, {end}."


def show_value(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    text = value if value == ABSENT else show_text(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def show_path(each: Difference) -> str:
    return show_text(each.path) or "body"


def name_reason(reason: Reason) -> str:
    return f"{reason.heading}: {reason.subject}"


def name_question(outcome: Outcome) -> str:
    """The address, and whose credentials went along where they were not the owner's."""
    with_what = {"own": "", "none": " (without a key)", "wrong": " (with a wrong token)"}
    return outcome.question.address + with_what[outcome.question.pair]


def render_json(comparison: Comparison) -> str:
    text = json.dumps(
        {
            "shop": comparison.theirs,
            "here": comparison.ours,
            "began_at": comparison.began_at.isoformat(timespec="seconds"),
            "counts": {verdict.value: comparison.count(verdict) for verdict in Verdict},
            "endpoints": {
                endpoint: {verdict.value: counted[verdict] for verdict in Verdict}
                for endpoint, counted in comparison.count_by_endpoint().items()
            },
            "differing": [
                {
                    "question": outcome.question.address,
                    "credentials": outcome.question.pair,
                    "verdict": outcome.verdict.value,
                    "reasons": [
                        {"heading": reason.heading, "subject": reason.subject} for reason in outcome.reasons
                    ],
                    "differences": [each._asdict() for each in outcome.differences],
                    "more": outcome.more,
                }
                for verdict in HEADINGS
                for outcome in comparison.list_differing(verdict)
            ],
        },
        indent=2,
        ensure_ascii=False,
    )
    return "\n".join(map(show_text, text.split("\n")))


def render_markdown(comparison: Comparison) -> str:
    lines = ["# Two answers to each question", "", summarise(comparison), ""]
    lines += [f"The shop: {comparison.theirs}  ", f"Beside it: {comparison.ours}  "]
    lines += [f"Asked on {_show_moment(comparison)}", ""]
    lines += ["| endpoint | same | meant to differ | unexplained |", "| --- | ---: | ---: | ---: |"]
    for endpoint, counted in comparison.count_by_endpoint().items():
        lines.append(f"| {endpoint} | {' | '.join(str(counted[verdict]) for verdict in Verdict)} |")
    for verdict, heading in HEADINGS.items():
        if outcomes := comparison.list_differing(verdict):
            lines += ["", f"## {heading}", "", NOTES[verdict]]
        for outcome in outcomes:
            lines += ["", f"### `{name_question(outcome)}`", ""]
            lines += [f"Reason: {name_reason(reason)}" for reason in outcome.reasons]
            lines += ["", "| where | the shop | Tillroll |", "| --- | --- | --- |"]
            lines += [
                "| " + " | ".join(map(_cell, _show_difference(each))) + " |" for each in outcome.differences
            ]
            if outcome.more:
                lines += ["", f"... and {outcome.more:,} more."]
    return "\n".join(lines) + "\n"


def _show_moment(comparison: Comparison) -> str:
    return f"{comparison.began_at:%Y-%m-%d at %H:%M} UTC"


def _cell(text: str) -> str:
    """A text as code in a table, whose own marks don't count."""
    return f"`{text.replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def render_html(comparison: Comparison) -> str:
    return "\n".join(_write_page(comparison))


def _write_page(comparison: Comparison) -> Iterator[str]:
    unexplained = comparison.count(Verdict.UNEXPLAINED)
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield f"<title>{_text(summarise(comparison))}</title><style>{_STYLE}</style></head><body>"
    yield "<h1>Two answers to each question</h1>"
    yield f'<p class="{"bad" if unexplained else "good"}">{_text(summarise(comparison))}</p>'
    yield f"<p>The shop: {_text(comparison.theirs)}<br>Beside it: {_text(comparison.ours)}<br>"
    yield f"Asked on {_show_moment(comparison)}</p>"
    yield "<table><thead><tr><th>Endpoint</th>"
    yield "".join(
        f'<th class="number">{name}</th>' for name in ("Same", "Meant to differ", "Unexplained", "Asked")
    )
    yield "</tr></thead><tbody>"
    for endpoint, counted in comparison.count_by_endpoint().items():
        cells = "".join(
            f'<td class="number{" bad" if verdict is Verdict.UNEXPLAINED and counted[verdict] else ""}">'
            f"{counted[verdict]:,}</td>"
            for verdict in Verdict
        )
        yield f'<tr><td>{_text(endpoint)}</td>{cells}<td class="number">{counted.total():,}</td></tr>'
    yield "</tbody></table>"
    for verdict, heading in HEADINGS.items():
        if outcomes := comparison.list_differing(verdict):
            yield f'<h2>{heading} <span class="soft">({len(outcomes):,})</span></h2><p>{NOTES[verdict]}</p>'
        for outcome in outcomes:
            yield from _write_outcome(outcome)
    yield "</body></html>\n"


def _write_outcome(outcome: Outcome) -> Iterator[str]:
    yield f"<section><h3>{_text(name_question(outcome))}</h3>"
    for reason in outcome.reasons:
        yield f"<p>Reason: {_text(name_reason(reason))}</p>"
    yield "<table><thead><tr><th>Where</th><th>The shop</th><th>Tillroll</th></tr></thead><tbody>"
    yield from map(_write_difference, outcome.differences)
    yield "</tbody></table>"
    if outcome.more:
        yield f'<p class="soft">... and {outcome.more:,} more.</p>'
    yield "</section>"


def _write_difference(each: Difference) -> str:
    cells = (f"<td><code>{_text(value)}</code></td>" for value in _show_difference(each))
    return f"<tr>{''.join(cells)}</tr>"


def _show_difference(each: Difference) -> tuple[str, str, str]:
    return show_path(each), show_value(each.theirs), show_value(each.ours)


def _text(text: str) -> str:
    return html.escape(text)
