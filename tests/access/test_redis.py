"""Minutes counted in a Redis that several workers share."""

import os
from typing import Any

import pytest
import redis

from tillroll.access.limiter import Limiter

URL = os.environ.get("TILLROLL_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


@pytest.fixture
def server(settings: Any) -> Any:
    client = redis.Redis.from_url(URL, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError as error:
        if os.environ.get("TILLROLL_TEST_REQUIRE"):
            raise
        pytest.skip(f"no Redis at {URL}: {error}")
    settings.REDIS_URL = URL
    subject = f"test:{os.getpid()}"
    yield subject
    for key in client.scan_iter(f"*{subject}*"):
        client.delete(key)
    client.close()


def test_workers_share_a_minute_and_none_takes_a_share(server: str, settings: Any) -> None:
    settings.WORKERS = 2
    workers = [Limiter(), Limiter()]
    passed = [workers[number % 2].hit(server, 10)[0] for number in range(30)]
    assert sum(passed) == 10
    assert passed[:10] == [True] * 10
    is_within, left, seconds = workers[0].look(server, 10)
    assert (is_within, left) == (False, 0)
    assert 1 <= seconds <= 60
    for worker in workers:
        worker.forget()
