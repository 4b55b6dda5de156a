"""Keys that verify tokens; the type of a key pins the one algorithm that it accepts.

The token's own `alg` is never trusted: an RS256 public key used as an HMAC secret, or `none`,
would otherwise let anybody sign.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN_SECRET_BYTES = 32  # RFC 7518 §3.2: at least the size of the hash
MIN_RSA_BITS = 2048  # RFC 7518 §3.3

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
Algorithm = Literal["HS256", "RS256", "ES256", "EdDSA"]


class UnusableKey(ValueError):
    """The key is malformed, too weak or of a type that is not supported; the message says which."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key and the only algorithm that a token verified with it may name."""

    key: PublicKey | bytes
    algorithm: Algorithm

    def __repr__(self) -> str:
        return f"VerificationKey({self.algorithm})"


class KeySource(Protocol):
    async def key_for(self, key_id: str | None) -> VerificationKey:
        """The key that a token names by `kid`, or the only one there is.

        Raises Unauthenticated for an unknown key, KeysUnavailable if keys cannot be had now.
        """
        ...

    async def aclose(self) -> None:
        """Give up what the source holds open."""
        ...


@dataclass(frozen=True, slots=True)
class FixedKey:
    """The one key of the configuration; `kid` is ignored."""

    key: VerificationKey

    async def key_for(self, key_id: str | None) -> VerificationKey:
        return self.key

    async def aclose(self) -> None:
        """Nothing is open."""


def key_from_secret(secret: str) -> VerificationKey:
    """An HS256 secret, its UTF-8 bytes as they are. Raises UnusableKey under 32 bytes."""
    secret_bytes = secret.encode()
    if len(secret_bytes) < MIN_SECRET_BYTES:
        raise UnusableKey(f"it has {len(secret_bytes)} bytes")
    if secret.lstrip().startswith("-----BEGIN"):
        raise UnusableKey("it is a PEM key, which belongs in COFLOW_JWT_PUBLIC_KEY")
    return VerificationKey(secret_bytes, "HS256")


def key_from_pem(pem: str) -> VerificationKey:
    """A public key, or the certificate that holds one, in PEM. Raises UnusableKey."""
    pem_bytes = pem.strip().encode()
    if b"PRIVATE KEY-----" in pem_bytes:
        raise UnusableKey("it is a private key: give the public one")
    try:
        if pem_bytes.startswith(b"-----BEGIN CERTIFICATE-----"):
            return _pinned(load_pem_x509_certificate(pem_bytes).public_key())
        return _pinned(load_pem_public_key(pem_bytes))
    except UnusableKey:
        raise
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey("it is not a public key in PEM") from error


def key_from_jwk(jwk: Mapping[str, Any]) -> VerificationKey:
    """One member of a JWKS (RFC 7517). Raises UnusableKey, for symmetric keys too."""
    if jwk.get("use", "sig") != "sig":
        raise UnusableKey("it is not for signatures")
    match jwk.get("kty"):
        case "RSA":
            loads: Any = RSAAlgorithm.from_jwk
        case "EC":
            loads = ECAlgorithm.from_jwk
        case "OKP":
            loads = OKPAlgorithm.from_jwk
        case _:
            # "oct" too: a secret that everybody can fetch signs nothing.
            raise UnusableKey("its type is not supported")
    try:
        key = _pinned(loads(json.dumps(dict(jwk))))
    except UnusableKey:
        raise
    except (InvalidKeyError, ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise UnusableKey("it is malformed") from error
    if jwk.get("alg", key.algorithm) != key.algorithm:
        raise UnusableKey("its algorithm is not supported")
    return key


def _pinned(key: object) -> VerificationKey:
    match key:
        case RSAPublicKey():
            if key.key_size < MIN_RSA_BITS:
                raise UnusableKey(f"its {key.key_size} bits are too few")
            return VerificationKey(key, "RS256")
        case EllipticCurvePublicKey():
            if not isinstance(key.curve, SECP256R1):
                raise UnusableKey(f"its curve {key.curve.name} is not supported")
            return VerificationKey(key, "ES256")
        case Ed25519PublicKey():
            return VerificationKey(key, "EdDSA")
        case _:
            raise UnusableKey("its type is not supported")
