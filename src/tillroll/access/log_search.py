"""What a text means that is looked for in the request log: an address, a network, a key, an e-mail address,
or words."""

import ipaddress
import re
from urllib.parse import quote, quote_plus

from django.db.models import Q

from tillroll.access.models import ApiKey, User


class SelectionError(ValueError):
    """Lines that can't be selected; the message is a sentence."""


_KEY = re.compile(r"[A-Za-z0-9]{4,64}")
_STEP = 8
"""IPv4 addresses are compared by their written numbers, which stand for eight bits each."""


def find_text(text: str) -> Q:
    """The lines that a text finds.

    An IP address finds its own, an IPv4 network (203.0.113.0/24) those of its addresses. A key or its first
    four characters or more find that key's, also of an unknown key. An e-mail address finds the lines of the
    user who has it, and those that ask for it. All else is found in question, error, user name and label.
    """
    network = _read_network(text)
    if network is not None:
        return _find_network(network)
    if _KEY.fullmatch(text) and (keys := list_keys_beginning(text)):
        return Q(key_id__in=keys)
    found = Q(error__icontains=text) | Q(user_name__icontains=text) | Q(key_label__icontains=text)
    for written in {text, quote(text), quote(text, safe=""), quote_plus(text)}:
        found |= Q(question__icontains=written)
    if _KEY.fullmatch(text):
        found |= Q(key_start=text[:6]) if len(text) >= 6 else Q(key_start__startswith=text)
    if "@" in text:
        users = User.objects.filter(email__iexact=text).values_list("wire_id", flat=True)
        found |= Q(user_id__in=list(users))
    return found


def _read_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    if not re.search(r"[.:]", text):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _find_network(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Q:
    """The lines of an address, or of an IPv4 network's addresses. Raises SelectionError for other
    networks."""
    if network.prefixlen == network.max_prefixlen:
        return Q(address=str(network.network_address))
    if isinstance(network, ipaddress.IPv6Network):
        raise SelectionError(f"{network} can't be searched for: networks are found for IPv4 alone.")
    whole = -(-max(network.prefixlen, 1) // _STEP)
    parts = network.subnets(new_prefix=whole * _STEP) if network.prefixlen < whole * _STEP else [network]
    starts = [".".join(str(part.network_address).split(".")[:whole]) for part in parts]
    if whole == 4:
        return Q(address__in=starts)
    found = Q()
    for start in starts:
        found |= Q(address__startswith=f"{start}.")
    return found


def list_keys_beginning(text: str) -> list[int]:
    """The keys that begin with a text, letter for letter on both stores."""
    found = ApiKey.objects.filter(public_key__startswith=text).values_list("pk", "public_key")[:100]
    return [key for key, public_key in found if public_key.startswith(text)]
