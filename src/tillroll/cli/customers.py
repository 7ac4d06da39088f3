"""Which customer a command means."""

from typing import TYPE_CHECKING

from tillroll.cli.refusals import Refusal

if TYPE_CHECKING:
    from tillroll.shop.models import Customer


def find_customer(text: str) -> "Customer":
    """The customer of an id or of one of their e-mail addresses; refuses others."""
    from django.db.models import Q

    from tillroll.shop.models import Customer, CustomerEmail
    from tillroll.shop.text import fold_case

    found = None
    if text.isascii() and text.isdecimal() and len(text) < 19:
        found = Customer.objects.filter(pk=int(text)).first()
    elif "@" in text:
        having = CustomerEmail.objects.filter(email_folded=fold_case(text)).values("customer_id")
        several = Customer.objects.filter(Q(email_folded=fold_case(text)) | Q(pk__in=having))[:2]
        if len(several) > 1:
            raise Refusal(f"Several customers have the address {text}; give the id of one.")
        found = several[0] if several else None
    if found is None:
        raise Refusal(f"There is no customer {text}; give an id or an e-mail address.")
    return found
