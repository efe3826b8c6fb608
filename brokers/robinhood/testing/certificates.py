"""An authority of its own for a double that speaks https, so that a client's checks of certificates can be tested."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("api.robinhood.com", "localhost")
_LIFE = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))


class Certificates(NamedTuple):
    """PEM files.

    Attributes:
        server: Certificate and key of the double.
        authority: Certificate to check it with, as ``verify`` of a session.
    """

    server: Path
    authority: Path


def make_certificates(folder: Path, names: tuple[str, ...] = NAMES) -> Certificates:
    """A new authority, and a certificate of it for 127.0.0.1 and ``names``, written into ``folder``."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = _named("Authority of the double")
    authority = _builder(issuer, issuer, authority_key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    addresses = [*(x509.DNSName(name) for name in names), x509.IPAddress(ip_address("127.0.0.1"))]
    server = _builder(_named("Robinhood double"), issuer, key).add_extension(x509.SubjectAlternativeName(addresses), critical=False)
    made = Certificates(folder / "server.pem", folder / "authority.pem")
    made.authority.write_bytes(authority.sign(authority_key, SHA256()).public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made.server.write_bytes(server.sign(authority_key, SHA256()).public_bytes(Encoding.PEM) + private)
    return made


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    begun = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    return begun.serial_number(x509.random_serial_number()).not_valid_before(_LIFE[0]).not_valid_after(_LIFE[1])
