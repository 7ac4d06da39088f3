"""The way to a source is encrypted where it must be, and who answers is checked where that is asked for."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.running import DEADLINE, find_free_port
from tillroll.intake.mirror.address import Address, AddressError, Tls, parse_address
from tillroll.intake.mirror.connection import Database, SourceAway, SourceProblem

Signed = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def sign(name: str, issuer: Signed | None = None) -> Signed:
    """A certificate of its own authority, or for a host by an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    return certificate, key


def write(path: Path, *pieces: bytes) -> Path:
    path.write_bytes(b"".join(pieces))
    return path


def to_pem(signed: Signed) -> tuple[bytes, bytes]:
    certificate, key = signed
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Signed:
    signed = sign("An authority")
    write(folder / "authority.pem", to_pem(signed)[0])
    return signed


@pytest.fixture(scope="module")
def address(folder: Path, authority: Signed) -> Iterator[Address]:
    """A MariaDB that offers TLS, as localhost."""
    server, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if server is None or install is None:
        if os.environ.get("TILLROLL_TEST_REQUIRE") == "1":
            pytest.fail("mariadbd or mariadb-install-db is not installed")
        pytest.skip("mariadbd or mariadb-install-db is not installed")
    certificate, key = to_pem(sign("localhost", authority))
    own = ["--user=root"] if os.geteuid() == 0 else []
    data = f"--datadir={folder / 'data'}"
    subprocess.run(
        [install, "--no-defaults", data, "--auth-root-authentication-method=normal", *own],
        check=True,
        capture_output=True,
        timeout=DEADLINE,
    )
    port = find_free_port()
    process = subprocess.Popen(
        [
            server,
            "--no-defaults",
            data,
            f"--socket={folder / 'socket'}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--ssl-cert={write(folder / 'server.pem', certificate)}",
            f"--ssl-key={write(folder / 'server.key', key)}",
            f"--ssl-ca={folder / 'authority.pem'}",
            "--innodb-buffer-pool-size=16M",
            *own,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if "ready for connections" in line:
            break
    yield Address("root", "localhost", port, "mysql")
    process.terminate()
    process.communicate(timeout=DEADLINE)


def ask_cipher(address: Address) -> str:
    database = Database(address)
    with database.snapshot() as snapshot:
        ((_, cipher),) = snapshot.run("SHOW STATUS LIKE 'Ssl_cipher'")
    database.close()
    return str(cipher)


def test_to_this_machine_it_may_be_plain(address: Address) -> None:
    assert ask_cipher(address) == ""


def test_it_is_encrypted_where_that_is_asked_for(address: Address, folder: Path) -> None:
    assert ask_cipher(replace(address, tls=Tls.REQUIRE)).startswith("TLS_")
    assert ask_cipher(replace(address, authority=folder / "authority.pem")).startswith("TLS_")
    assert ask_cipher(replace(address, tls=Tls.VERIFY, authority=folder / "authority.pem")).startswith("TLS_")


def test_who_can_not_prove_to_be_the_host_is_refused(address: Address, folder: Path) -> None:
    for other in (
        replace(address, tls=Tls.VERIFY),  # by no authority that this machine knows
        replace(address, host="127.0.0.1", authority=folder / "authority.pem"),  # another name
    ):
        with pytest.raises(SourceAway, match="certificate verify failed"):
            ask_cipher(other)


def test_our_own_certificate_is_shown(address: Address, folder: Path, authority: Signed) -> None:
    certificate, key = to_pem(sign("reader", authority))
    reader = replace(
        address,
        tls=Tls.REQUIRE,
        certificate=write(folder / "reader.pem", certificate),
        key=write(folder / "reader.key", key),
    )
    assert ask_cipher(reader).startswith("TLS_")


def test_files_that_are_no_certificates_are_a_sentence(address: Address, folder: Path) -> None:
    empty = write(folder / "empty.pem")
    with pytest.raises(SourceProblem, match="The files given for TLS can't be used"):
        ask_cipher(replace(address, authority=empty))


def test_another_machine_is_never_asked_in_clear() -> None:
    address = parse_address("mysql://reader@db.example/wordpress")
    assert "ssl" in address.get_options()
    assert replace(address, tls=Tls.OFF).get_options()["ssl_disabled"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mysql://reader@db.example/wordpress", "mysql://reader@db.example/wordpress"),
        ("mariadb://reader@db.example:3307/wp", "mysql://reader@db.example:3307/wp"),
        ("mysql://a%40b@[::1]/wp", "mysql://a%40b@[::1]/wp"),
        ("mysql://root@localhost/wp?socket=/run/my.sock", "mysql://root@localhost/wp?socket=/run/my.sock"),
    ],
)
def test_an_address_is_shown_without_its_password(text: str, shown: str) -> None:
    address = replace(parse_address(text), password="secret")
    assert str(address) == shown
    assert "secret" not in repr(address)


def test_a_password_in_an_address_is_refused() -> None:
    with pytest.raises(AddressError) as caught:
        parse_address("mysql://reader:hunter2@db.example/wp")
    assert "hunter2" not in str(caught.value)
