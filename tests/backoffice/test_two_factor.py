"""Two-factor login: set up, asked for, recovered, demanded, switched off and reset."""

import base64
import re
import time
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django_otp.oath import TOTP

from tests.backoffice.conftest import Login, get_text
from tests.backoffice.forms import get_self
from tests.shops import setup_user
from tillroll.access.models import AuditEntry, Authenticator, RecoverySheet, Role, User
from tillroll.access.services import (
    count_recovery_codes,
    has_second_factor,
    make_key,
    refresh_capabilities,
    reseal_second_factors,
    save_role,
    set_password,
    set_up_second_factor,
)

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PASSWORD = "lantern-in-the-fog"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PAGE = "/admin/account/two-factor/"
CODE_PAGE = "/admin/login/code/"
REFUSED = "This code is not right, or was used before."


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as stopped:
        yield stopped


@pytest.fixture
def ada() -> User:
    user = setup_user("ada", role="shop_manager")
    set_password(user, PASSWORD)
    return user


def read_code(key: str) -> str:
    """What the app shows now."""
    totp = TOTP(base64.b32decode(key))
    totp.time = time.time()
    return f"{totp.token():06d}"


def set_up(user: User) -> tuple[str, tuple[str, ...]]:
    """A second factor whose code of now was not used: secret and recovery codes."""
    key = make_key()
    sheet = set_up_second_factor(user, key, read_code(key))
    Authenticator.objects.update(last_step=-1)
    user.refresh_from_db()
    return key, sheet.codes


def give_password(name: str = "ada", next_page: str = "") -> Client:
    client = Client()
    url = f"/admin/login/?next={next_page}" if next_page else "/admin/login/"
    reply = client.post(url, {"username": name, "password": PASSWORD})
    assert reply.headers["Location"] == CODE_PAGE
    return client


def give_code(client: Client, code: str) -> Any:
    return client.post(CODE_PAGE, {"code": code})


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def list_actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


# Set up


def read_offer(page: str) -> dict[str, str]:
    """What the page has of a fresh secret: the signed field and the secret as an app takes it."""
    sealed, key = (
        re.search(pattern, page)
        for pattern in (r'name="sealed" value="([^"]+)"', r'id="secret"[^>]*>([^<]+)<')
    )
    assert sealed
    assert key
    return {"sealed": sealed[1], "key": key[1].replace(" ", "")}


def test_an_app_is_set_up_by_its_first_code(login: Login) -> None:
    client = login("shop_manager")
    page = get_text(client, PAGE)
    offer = read_offer(page)
    assert '<img class="qr" src="data:image/svg+xml' in page
    reply = client.post(PAGE, {"sealed": offer["sealed"], "code": read_code(offer["key"])})
    page = unescape(reply.content.decode())
    assert "no-store" in reply.headers["Cache-Control"]
    codes = re.findall(
        r"^(?:<pre[^>]*>)?([2-9a-z]{5}-[2-9a-z]{5})$",
        page.split("<pre")[1].split(">", 1)[1].split("</pre>")[0],
        re.M,
    )
    assert len(set(codes)) == 10
    user = get_self(client)
    assert has_second_factor(user)
    assert is_in(client)  # this session goes on
    assert list_actions() == ["set up two-factor login"]
    for text in (offer["key"], codes[0], codes[0].replace("-", "")):
        assert text not in str([*Authenticator.objects.values(), *RecoverySheet.objects.values()])
    assert codes[0] not in get_text(client, PAGE)


def test_a_wrong_first_code_sets_nothing_up_and_keeps_the_secret(login: Login) -> None:
    client = login("shop_manager")
    offer = read_offer(get_text(client, PAGE))
    wrong = f"{(int(read_code(offer['key'])) + 1) % 1_000_000:06d}"
    for code, sentence in (
        (wrong, "These are not the digits that the app shows now."),
        ("", "This field is required."),
        ("letters", "These are not the digits that the app shows now."),
    ):
        page = unescape(client.post(PAGE, {"sealed": offer["sealed"], "code": code}).content.decode())
        assert sentence in page
        assert read_offer(page)["key"] == offer["key"]
    assert not Authenticator.objects.exists()


def test_a_secret_of_somebody_else_or_of_hours_ago_is_not_taken(login: Login, clock: Any) -> None:
    client, other = login("shop_manager"), login("superuser")
    foreign = read_offer(get_text(other, PAGE))
    page = client.post(
        PAGE, {"sealed": foreign["sealed"], "code": read_code(foreign["key"])}
    ).content.decode()
    assert "This page lay open for too long" in page
    own = read_offer(get_text(client, PAGE))
    clock.shift(timedelta(minutes=31))
    client.get("/admin/")  # it is not idle
    clock.shift(timedelta(minutes=31))
    page = client.post(PAGE, {"sealed": own["sealed"], "code": read_code(own["key"])}).content.decode()
    assert "This page lay open for too long" in page
    assert not Authenticator.objects.exists()


def test_to_set_it_up_ends_other_sessions(ada: User) -> None:
    first, second = Client(), Client()
    for client in (first, second):
        client.post("/admin/login/", {"username": "ada", "password": PASSWORD})
    offer = read_offer(get_text(first, PAGE))
    first.post(PAGE, {"sealed": offer["sealed"], "code": read_code(offer["key"])})
    assert is_in(first)
    assert not is_in(second)


def test_no_form_without_a_csrf_token(ada: User) -> None:
    set_up(ada)
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    for page in ("", "codes/", "off/"):
        assert client.post(f"{PAGE}{page}", {"code": "123456", "present": PASSWORD}).status_code == 403
    assert client.post("/admin/account/log-out-everywhere/").status_code == 403
    assert has_second_factor(ada)


# Asked for


def test_a_login_asks_for_the_code_and_leads_to_where_one_wanted(ada: User) -> None:
    key, _ = set_up(ada)
    client = give_password(next_page="/admin/my-keys/")
    assert not is_in(client)
    assert "Your password is right. Now the code." in get_text(client, CODE_PAGE)
    assert give_code(client, read_code(key)).headers["Location"] == "/admin/my-keys/"
    assert is_in(client)
    entry = AuditEntry.objects.get(action="logged in")
    assert entry.title == "ada (with a code)"


def test_a_code_counts_once(ada: User, clock: Any) -> None:
    key, _ = set_up(ada)
    code = read_code(key)
    assert give_code(give_password(), code).status_code == 302
    again = give_password()
    reply = give_code(again, code)
    assert (reply.status_code, REFUSED in unescape(reply.content.decode())) == (200, True)
    assert not is_in(again)
    clock.shift(timedelta(seconds=30))
    assert give_code(again, read_code(key)).status_code == 302


def test_wrong_codes_have_to_wait_longer_each_time_in_any_browser(ada: User, clock: Any) -> None:
    key, _ = set_up(ada)
    client = give_password()
    assert give_code(client, "000000" if read_code(key) != "000000" else "000001").status_code == 200
    reply = give_code(give_password(), read_code(key))
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "1")
    assert "Too many wrong codes; wait a second and try again." in reply.content.decode()
    clock.shift(timedelta(seconds=1))
    give_code(client, "12345")  # looks for a recovery code, which waits by itself
    assert give_code(client, "000000" if read_code(key) != "000000" else "000001").status_code == 200
    assert give_code(client, read_code(key)).headers["Retry-After"] == "2"
    Authenticator.objects.update(throttling_failure_count=9)
    clock.shift(timedelta(minutes=5))
    give_code(client, "000000" if read_code(key) != "000000" else "000001")
    reply = give_code(client, read_code(key))
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "512")
    assert "wait 9 minutes" in reply.content.decode()


def test_a_right_password_waits_ten_minutes_for_its_code(ada: User, clock: Any) -> None:
    key, _ = set_up(ada)
    client = give_password()
    clock.shift(timedelta(minutes=10, seconds=1))
    assert give_code(client, read_code(key)).headers["Location"] == "/admin/login/"
    assert not is_in(client)


def test_the_code_page_is_nothing_without_a_password(ada: User) -> None:
    key, _ = set_up(ada)
    assert give_code(Client(), read_code(key)).headers["Location"] == "/admin/login/"
    client = give_password()
    set_password(ada, "another-lantern")
    assert give_code(client, read_code(key)).headers["Location"] == "/admin/login/"
    User.objects.update(is_active=False)
    assert give_code(client, read_code(key)).headers["Location"] == "/admin/login/"


def test_the_session_begins_anew_with_the_code(ada: User) -> None:
    key, _ = set_up(ada)
    client = give_password()
    before = client.session.session_key
    give_code(client, read_code(key))
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


# Recovered


def test_a_recovery_code_lets_in_once(ada: User) -> None:
    _, codes = set_up(ada)
    client = give_password()
    reply = give_code(client, codes[3].upper())
    assert reply.status_code == 302
    assert "That recovery code is used up; 9 are left." in unescape(get_text(client, "/admin/"))
    assert AuditEntry.objects.get(action="logged in").title == "ada (with a recovery code)"
    again = give_password()
    assert give_code(again, codes[3]).status_code == 200
    assert count_recovery_codes(ada) == 9


def test_a_changed_pepper_opens_what_the_old_one_closed(ada: User, settings: Any) -> None:
    key, codes = set_up(ada)
    settings.OLD_KEY_PEPPERS = (settings.KEY_PEPPER,)
    settings.KEY_PEPPER = "another pepper"
    assert give_code(give_password(), codes[0]).status_code == 302
    assert give_code(give_password(), read_code(key)).status_code == 302
    settings.OLD_KEY_PEPPERS = ()  # both are closed anew by then
    Authenticator.objects.update(last_step=-1)
    assert give_code(give_password(), read_code(key)).status_code == 302
    assert give_code(give_password(), codes[1]).status_code == 302


def test_what_an_old_pepper_closed_is_closed_anew_before_it_goes(ada: User, settings: Any) -> None:
    key, codes = set_up(ada)
    settings.OLD_KEY_PEPPERS = (settings.KEY_PEPPER,)
    settings.KEY_PEPPER = "another pepper"
    assert (reseal_second_factors(), reseal_second_factors()) == (2, 0)
    settings.OLD_KEY_PEPPERS = ()
    assert give_code(give_password(), read_code(key)).status_code == 302
    assert give_code(give_password(), codes[0]).status_code == 302
    settings.KEY_PEPPER = "lost"
    assert count_recovery_codes(ada) == 0
    assert give_code(give_password(), codes[1]).status_code == 200


def test_new_recovery_codes_take_the_place_of_the_old_ones(ada: User, clock: Any) -> None:
    key, codes = set_up(ada)
    client = give_password()
    give_code(client, read_code(key))
    assert REFUSED in unescape(client.post(f"{PAGE}codes/", {"code": "abcde-fghjk"}).content.decode())
    clock.shift(timedelta(seconds=30))
    page = client.post(f"{PAGE}codes/", {"code": read_code(key)}).content.decode()
    assert len(re.findall(r"[2-9a-z]{5}-[2-9a-z]{5}\n", page)) == 10
    assert codes[0] not in page
    assert give_code(give_password(), codes[0]).status_code == 200
    assert "made recovery codes" in list_actions()


# Switched off and reset


def test_it_is_switched_off_by_password_and_code(ada: User, clock: Any) -> None:
    key, _ = set_up(ada)
    client = give_password()
    give_code(client, read_code(key))
    clock.shift(timedelta(seconds=30))
    page = client.post(f"{PAGE}off/", {"present": "guess", "code": read_code(key)}).content.decode()
    assert "This is not your present password." in page
    page = unescape(client.post(f"{PAGE}off/", {"present": PASSWORD, "code": "abcde-fghjk"}).content.decode())
    assert REFUSED in page
    assert has_second_factor(ada)
    assert client.post(f"{PAGE}off/", {"present": PASSWORD, "code": read_code(key)}).status_code == 302
    assert not has_second_factor(ada)
    assert count_recovery_codes(ada) == 0
    assert is_in(client)
    assert list_actions()[-1] == "switched off two-factor login"


def test_who_manages_users_resets_it_for_a_lost_phone(ada: User, login: Login) -> None:
    key, _ = set_up(ada)
    holder = give_password()
    give_code(holder, read_code(key))
    url = f"/admin/access/user/{ada.pk}/reset-two-factor/"
    assert login("shop_accountant").get(url).status_code == 403
    manager = login("shop_manager")
    assert "For a lost phone" in get_text(manager, url)
    assert manager.post(url).headers["Location"] == f"/admin/access/user/{ada.pk}/change/"
    assert not has_second_factor(ada)
    assert not is_in(holder)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.title) == ("reset two-factor login", "ada")
    assert "ada has no second factor." in get_text(manager, url)


def test_nobody_resets_it_for_somebody_with_more_rights(login: Login) -> None:
    boss = setup_user("boss", is_superuser=True)
    set_up(boss)
    url = f"/admin/access/user/{boss.pk}/reset-two-factor/"
    manager = login("shop_manager")
    assert "only a superuser may change this account" in get_text(manager, url)
    manager.post(url)
    assert has_second_factor(boss)


# Demanded


def demand(slug: str = "shop_manager") -> None:
    save_role(slug, requires_two_factor=True)


def test_a_role_that_demands_it_leads_to_the_set_up_and_to_no_other_page(login: Login) -> None:
    client = login("shop_manager")
    assert is_in(client)
    demand()
    for url in ("/admin/", "/admin/shop/order/", "/admin/account/", "/admin/my-keys/", "/admin/nothing/"):
        assert client.get(url).headers["Location"] == PAGE
    page = get_text(client, PAGE)
    assert "Your role demands two-factor login." in page
    offer = read_offer(page)
    client.post(PAGE, {"sealed": offer["sealed"], "code": read_code(offer["key"])})
    assert is_in(client)


def test_it_is_demanded_of_superusers_too_and_of_nobody_else(ada: User, login: Login) -> None:
    demand("administrator")
    client, other = login("superuser"), login("shop_manager")
    assert is_in(client)
    boss = get_self(client)
    boss.user_roles.create(role=Role.objects.get(slug="administrator"))
    refresh_capabilities([boss])
    assert client.get("/admin/").headers["Location"] == PAGE
    assert is_in(other)


def test_who_must_log_out_still_can(login: Login) -> None:
    client = login("shop_manager")
    demand()
    assert client.post("/admin/logout/").status_code in (200, 302)
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")


def test_the_demo_goes_on_as_it_was(login: Login) -> None:
    demand()
    client = login("demo")
    assert is_in(client)
    assert "The demo&#x27;s login" in get_text(client, "/admin/account/") or "demo's login" in get_text(
        client, "/admin/account/"
    )
    for url in (PAGE, "/admin/account/password/"):
        assert client.get(url).status_code == 403


def test_the_role_page_demands_it_and_says_so_in_the_trail(login: Login) -> None:
    role = Role.objects.get(slug="shop_worker")
    url = f"/admin/access/role/{role.pk}/change/"
    client = login("superuser")
    form = {"name": role.name, "capabilities": role.capabilities, "requires_two_factor": "on"}
    assert client.post(url, form).status_code == 302
    role.refresh_from_db()
    assert role.requires_two_factor
    assert AuditEntry.objects.latest("pk").changes == [["two-factor login", "no", "yes"]]
