"""Where e-mail goes out: no password travels in the open, and no message shows one."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from tillroll.mail_settings import Mail, read_mail, read_public_url

SENDER = "shop@shop.example"


def test_without_an_address_nothing_is_sent() -> None:
    mail = read_mail(" ", "")
    assert (mail, mail.is_on) == (Mail(), False)
    assert mail.backend == "django.core.mail.backends.dummy.EmailBackend"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://ann:s%40t@mail.example", ("mail.example", 587, "ann", "s@t", True, False)),
        ("smtp://mail.example:25", ("mail.example", 25, "", "", True, False)),
        ("smtps://ann:x@mail.example", ("mail.example", 465, "ann", "x", False, True)),
        ("smtp://localhost", ("localhost", 25, "", "", False, False)),
        ("smtp://127.0.0.1:1025/", ("127.0.0.1", 1025, "", "", False, False)),
    ],
)
def test_an_address_is_read(url: str, expected: tuple[object, ...]) -> None:
    mail = read_mail(url, SENDER)
    assert (mail.host, mail.port, mail.user, mail.password, mail.use_tls, mail.use_ssl) == expected
    assert (mail.sender, mail.is_on) == (SENDER, True)


@pytest.mark.parametrize(
    "url", ["http://u:hush@h", "mail.example", "smtp://", "smtp://u:hush@h:port", "smtp://u:hush@h/path"]
)
def test_a_wrong_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read_mail(url, SENDER)
    assert "TILLROLL_EMAIL_URL takes smtp://user:password@host:587" in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(("url", "sender"), [("smtp://h", ""), ("", SENDER), ("smtp://h", "nobody")])
def test_address_and_sender_go_together(url: str, sender: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="go together; set both"):
        read_mail(url, sender)


def test_links_in_mails_need_to_know_where_the_shop_is() -> None:
    assert read_public_url("", is_needed=False) == ""
    assert read_public_url("https://shop.example/", is_needed=True) == "https://shop.example"
    with pytest.raises(ImproperlyConfigured, match="set TILLROLL_PUBLIC_URL"):
        read_public_url("", is_needed=True)
    for wrong in ("shop.example", "ftp://shop.example", "https://shop.example/below"):
        with pytest.raises(ImproperlyConfigured, match="scheme and host"):
            read_public_url(wrong, is_needed=False)
