"""Two customers become one, and every figure follows."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from tests.shops import (
    setup_customer,
    setup_download,
    setup_key,
    setup_line,
    setup_order,
    setup_product,
    setup_refund,
    setup_source,
)
from tillroll.access.models import ApiKey
from tillroll.shop.kept import compare_tallies
from tillroll.shop.models import Customer, FileDownload, Order
from tillroll.shop.ranks import find_differences
from tillroll.shop.services import add_email, merge_customers
from tillroll.stats.reconcile import Reconciliation

pytestmark = pytest.mark.django_db


def test_everything_goes_to_the_one_who_stays() -> None:
    product = setup_product()
    stays = setup_customer("jane@example.com", "")
    goes = setup_customer("j.doe@example.com", "Jane Doe", user_id=7)
    add_email(goes, "jd@home.example")
    setup_order(setup_line(product, "10"), customer=stays)
    given_back = setup_order(setup_line(product, "20"), customer=goes)
    setup_order(setup_line(product, "5"), customer=goes)
    setup_refund(given_back)
    setup_download(product, goes)
    setup_key(customer=goes)
    gone = goes.pk

    done = merge_customers(stays, goes)

    assert (done.orders, done.emails, done.downloads) == (3, 2, 1)
    assert not Customer.objects.filter(pk=gone).exists()
    stays = Customer.objects.get(pk=stays.pk)
    assert (stays.name, stays.user_id, stays.email) == ("Jane Doe", 7, "jane@example.com")
    assert (stays.purchase_count, stays.purchase_value, stays.download_count) == (2, Decimal(15), 1)
    assert set(stays.emails.values_list("email", "type")) == {
        ("jane@example.com", "primary"),
        ("j.doe@example.com", "secondary"),
        ("jd@home.example", "secondary"),
    }
    assert not Order.objects.exclude(customer=stays).exists()
    assert not FileDownload.objects.exclude(customer_id=stays.pk).exists()
    assert ApiKey.objects.get().customer_id == stays.pk
    stored, real = compare_tallies()
    assert stored == real
    assert find_differences() == []
    assert list(Reconciliation()) == []


def test_nobody_is_merged_with_themselves_or_into_another_account() -> None:
    jane, john = setup_customer(user_id=3), setup_customer(user_id=4)
    with pytest.raises(ValidationError, match="can't be merged with themselves"):
        merge_customers(jane, jane)
    with pytest.raises(ValidationError, match="two accounts can't become one here"):
        merge_customers(jane, john)
    assert Customer.objects.count() == 2


def test_a_customer_of_another_shop_can_be_merged_until_the_next_import() -> None:
    stays, goes = setup_customer(), setup_customer()
    Customer.objects.filter(pk=goes.pk).update(source=setup_source())
    merge_customers(stays, Customer.objects.get(pk=goes.pk))
    assert Customer.objects.get() == stays
