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
    if not (forwarded and peer):
        return peer
    proxies = tuple(settings.TRUSTED_PROXIES)
    if not (proxies and is_in_networks(peer, proxies)):
        return peer
    for hop in reversed(forwarded.split(",")):
        address = _canonical(hop.strip())
        if not address:
            break
        peer = address
        if not is_in_networks(address, proxies):
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
def is_in_networks(address: str, networks: tuple[str, ...]) -> bool:
    """Whether an address, as get_client_address gives it, is in one of some addresses or networks."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in _networks(networks))


def parse_networks(text: str) -> list[str]:
    """Addresses and networks between spaces or commas, in their short form; ValueError names a wrong one."""
    parsed = []
    for word in text.replace(",", " ").split():
        try:
            network = ipaddress.ip_network(word, strict=False)
        except ValueError:
            raise ValueError(
                f"{word} is no IP address or network; one looks like 203.0.113.7 or 203.0.113.0/24."
            ) from None
        single = network.prefixlen == network.max_prefixlen
        parsed.append(str(network.network_address) if single else str(network))
    return list(dict.fromkeys(parsed))


@lru_cache(maxsize=256)
def _networks(proxies: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)
