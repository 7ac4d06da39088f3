"""Jobs behind the answers: each runs, whatever befalls another."""

import pytest

from tillroll.access.background import Background


def test_every_job_runs_and_knows_its_last_run(caplog: pytest.LogCaptureFixture) -> None:
    ran: list[tuple[str, bool]] = []
    background = Background()
    background.add(lambda is_last: ran.append(("first", is_last)))
    background.add(lambda _: 1 / 0)  # type: ignore[arg-type]
    background.add(lambda is_last: ran.append(("third", is_last)))
    background.run()
    background.run(True)
    assert ran == [("first", False), ("third", False), ("first", True), ("third", True)]
    assert caplog.messages == ["A job behind the answers failed; it is tried again."] * 2


def test_the_thread_is_started_once(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Background] = []
    monkeypatch.setattr(Background, "_start", lambda self: started.append(self))
    background = Background()
    for _ in range(3):
        background.start()
    assert started == [background]
