"""What goes along where a customer becomes part of another: buyers' keys, and what the audit trail says."""

from tillroll.access.models import ApiKey, AuditEntry
from tillroll.shop.models import Customer


def follow_merged_customer(stays: int, goes: int) -> None:
    """Inside the transaction of the merge; ids of the customer who stays, and of the one who goes."""
    ApiKey.objects.filter(customer_id=goes).update(customer_id=stays)
    AuditEntry.objects.filter(kind=Customer._meta.label_lower, key=str(goes)).update(key=str(stays))
