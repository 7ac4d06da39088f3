"""The jobs of a worker's background thread, in the order in which they run."""

from django.utils import timezone

from tillroll.access.background import background
from tillroll.access.log import request_log
from tillroll.access.quota import quotas
from tillroll.access.usage import uses
from tillroll.shop.services import get_settings
from tillroll.shop.zone import parse_zone


def write_log(_is_last: bool) -> None:
    request_log.flush()


def write_counts(is_last: bool) -> None:
    """Requests counted and leases given back, in the shop's own days."""
    if quotas.is_waiting(is_last):
        quotas.flush(timezone.now(), parse_zone(get_settings().timezone), is_last=is_last)


def write_uses(_is_last: bool) -> None:
    uses.flush()


for job in (write_log, write_counts, write_uses):
    background.add(job)
