"""Where a request came from. X-Forwarded-For counts only from proxies that the settings trust."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def get_client_address(environ: Mapping[str, Any]) -> str:
    """The client's address; the nearest untrusted one behind trusted proxies. Empty where there is none."""
    peer = _canonical(environ.get("REMOTE_ADDR", "") or "")
    forwarded: str = environ.get("HTTP_X_FORWARDED_FOR", "")
    proxies = tuple(settings.TRUSTED_PROXIES)
    if not (forwarded and proxies and peer and _is_trusted(peer, proxies)):
        return peer
    for hop in reversed(forwarded.split(",")):
        address = _canonical(hop.strip())
        if not address:
            break
        peer = address
        if not _is_trusted(address, proxies):
            break
    return peer


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str:
    """An address in its short form, IPv4 inside IPv6 as IPv4 and without a zone; empty for anything else."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str((isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address)


@lru_cache(maxsize=4096)
def _is_trusted(address: str, proxies: tuple[str, ...]) -> bool:
    found = ipaddress.ip_address(address)
    return any(found in network for network in _networks(proxies))


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)
