"""The jobs of a worker's background thread, in the order in which they run."""

from django.utils import timezone

from tillroll.access.background import background
from tillroll.access.log import request_log
from tillroll.access.nightly import nightly
from tillroll.access.quota import quotas
from tillroll.access.usage import uses
from tillroll.shop.services import get_zone


def write_log(_is_last: bool) -> None:
    request_log.flush()


def write_counts(is_last: bool) -> None:
    """Requests counted and leases given back, in the shop's own days."""
    if quotas.is_waiting(is_last):
        quotas.flush(timezone.now(), get_zone(), is_last=is_last)


def write_uses(_is_last: bool) -> None:
    uses.flush()


def prune_nightly(is_last: bool) -> None:
    """A little of the night's work; none in a worker that ends."""
    if not is_last:
        nightly.run(timezone.now())


for job in (write_log, write_counts, write_uses, prune_nightly):
    background.add(job)
