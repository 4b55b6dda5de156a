"""Settings: what is accepted, what is refused, and what the refusal says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import ValidationError

from crdt_store.shared_values import SharedKeys
from server.core.environment import SETTING_TEXTS, load_database_url, load_settings
from server.core.errors import InvalidSettings
from server.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "0123456789abcdef0123456789abcdef"


def problems_of(overrides: dict[str, object] | None = None) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(overrides)
    return caught.value.problems


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_every_variable_reaches_its_setting(set_variables: Callable[..., None]) -> None:
    set_variables(
        PORT="9000",
        DATABASE_URL="sqlite+aiosqlite:///elsewhere.db",
        COFLOW_AUTH_MODE="jwt",
        COFLOW_JWT_SECRET=SECRET,
        COFLOW_TICK_MS="7.5",
        COFLOW_MIGRATE_ON_START="0",
        COFLOW_TEXT_KEYS="prompt, body,",
        COFLOW_MAP_KEYS="options",
        COFLOW_ALLOWED_ORIGINS="https://App.Example.org:443/,capacitor://localhost",
    )

    settings = load_settings()

    assert settings.port == 9000
    assert settings.database_url == "sqlite+aiosqlite:///elsewhere.db"
    assert settings.jwt_secret == SECRET
    assert settings.tick_ms == 7.5
    assert settings.migrates_on_start is False
    assert settings.text_keys == ("prompt", "body")
    assert settings.map_keys == ("options",)
    assert settings.shared_keys == SharedKeys(frozenset({"prompt", "body"}), frozenset({"options"}))
    assert settings.allowed_origins == ("https://app.example.org", "capacitor://localhost")


def test_overrides_win_over_the_environment(set_variables: Callable[..., None]) -> None:
    set_variables(COFLOW_AUTH_MODE="dev", PORT="9000", COFLOW_TICK_MS="1")

    settings = load_settings({"port": "9001"})

    assert settings.port == 9001
    assert settings.tick_ms == 1


def test_settings_are_frozen(set_variables: Callable[..., None]) -> None:
    set_variables(COFLOW_AUTH_MODE="dev")
    settings = load_settings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1


def test_an_empty_variable_is_unset_and_an_empty_list_is_empty(
    set_variables: Callable[..., None],
) -> None:
    set_variables(
        COFLOW_AUTH_MODE="dev",
        COFLOW_JWT_SECRET="",
        COFLOW_TICK_MS="",
        PORT="",
        COFLOW_TEXT_KEYS="",
    )

    settings = load_settings()

    assert settings.jwt_secret is None
    assert settings.tick_ms == 20
    assert settings.port == 8000
    assert settings.text_keys == ()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("COFLOW_TICK_MS", "5000", "expected a number from 0 to 1000 (milliseconds)"),
        ("COFLOW_TICK_MS", "nan", "expected a number from 0 to 1000 (milliseconds)"),
        ("COFLOW_TICK_MS", "fast", "expected a number from 0 to 1000 (milliseconds)"),
        ("COFLOW_MAX_MESSAGE_BYTES", "0", "expected a whole number of at least 1 (bytes)"),
        ("COFLOW_MAX_MESSAGE_BYTES", "1.5", "expected a whole number of at least 1 (bytes)"),
        ("PORT", "65536", "expected a whole number from 0 to 65535"),
        ("COFLOW_LOG_LEVEL", "verbose", "expected debug, info, warning or error"),
        ("COFLOW_DEV_OPEN", "maybe", "expected 1 or 0"),
        (
            "COFLOW_ALLOWED_ORIGINS",
            "*",
            (
                "'*' is not scheme://host[:port]; expected origins separated by commas, such as "
                "https://app.example.org"
            ),
        ),
        (
            "COFLOW_JWT_JWKS_URL",
            "ftp://x",
            "it is not such a URL; expected an https:// or http:// URL",
        ),
    ],
)
def test_an_error_names_the_variable_its_value_and_what_it_expects(
    set_variables: Callable[..., None], name: str, value: str, problem: str
) -> None:
    set_variables(**{"COFLOW_AUTH_MODE": "dev", name: value})

    assert problems_of() == (f"{name}={value}: {problem}",)


def test_all_wrong_variables_are_reported_in_one_block(
    set_variables: Callable[..., None],
) -> None:
    set_variables(COFLOW_AUTH_MODE="dev", PORT="x", COFLOW_TICK_MS="-1", COFLOW_LOG_FORMATT="json")

    with pytest.raises(InvalidSettings) as caught:
        load_settings()

    lines = str(caught.value).splitlines()
    assert lines[0] == "3 settings are wrong:"
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "COFLOW_LOG_FORMATT",
        "PORT=x",
        "COFLOW_TICK_MS=-1",
    ]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("COFLOW_MAX_MESAGE_BYTES", "COFLOW_MAX_MESSAGE_BYTES"),
        ("COFLOW_PORT", "PORT"),
        ("COFLOW_DATABASE_URL", "DATABASE_URL"),
        ("coflow_tick_ms", "COFLOW_TICK_MS"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(
    set_variables: Callable[..., None], name: str, suggestion: str
) -> None:
    set_variables(**{"COFLOW_AUTH_MODE": "dev", name: "1"})

    assert problems_of() == (f"{name}: there is no such setting, did you mean {suggestion}?",)


def test_an_unknown_variable_that_is_like_none_gets_no_suggestion(
    set_variables: Callable[..., None],
) -> None:
    set_variables(COFLOW_AUTH_MODE="dev", COFLOW_ZZZ="1")

    assert problems_of() == ("COFLOW_ZZZ: there is no such setting",)


def test_what_kubernetes_sets_for_a_service_named_coflow_is_no_setting(
    set_variables: Callable[..., None],
) -> None:
    set_variables(
        COFLOW_AUTH_MODE="dev",
        COFLOW_PORT="tcp://10.0.0.1:8000",
        COFLOW_SERVICE_HOST="10.0.0.1",
        COFLOW_SERVICE_PORT="8000",
        COFLOW_SERVICE_PORT_HTTP="8000",
        COFLOW_PORT_8000_TCP="tcp://10.0.0.1:8000",
        COFLOW_PORT_8000_TCP_ADDR="10.0.0.1",
    )

    assert load_settings().port == 8000


@pytest.mark.parametrize(
    ("variables", "got"),
    [
        ({}, "none"),
        (
            {"COFLOW_JWT_SECRET": SECRET, "COFLOW_JWT_JWKS_URL": "https://id.example.org/keys"},
            "COFLOW_JWT_SECRET and COFLOW_JWT_JWKS_URL",
        ),
    ],
)
def test_sec_1_jwt_mode_needs_exactly_one_key(
    set_variables: Callable[..., None], variables: dict[str, str], got: str
) -> None:
    set_variables(**variables)

    [problem] = problems_of()

    assert problem.startswith("COFLOW_AUTH_MODE=jwt: expected exactly one of COFLOW_JWT_SECRET,")
    assert problem.endswith(f"got {got}")


def test_sec_1_dev_open_is_refused_in_jwt_mode(set_variables: Callable[..., None]) -> None:
    set_variables(COFLOW_JWT_SECRET=SECRET, COFLOW_DEV_OPEN="1")

    assert problems_of() == ("COFLOW_DEV_OPEN: expected 0 unless COFLOW_AUTH_MODE=dev",)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_sec_1_dev_mode_listens_on_loopback(set_variables: Callable[..., None], host: str) -> None:
    set_variables(COFLOW_AUTH_MODE="dev", COFLOW_HOST=host)

    assert load_settings().host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.2", "coflow.example.org"])
def test_sec_1_dev_mode_listens_nowhere_else(set_variables: Callable[..., None], host: str) -> None:
    set_variables(COFLOW_AUTH_MODE="dev", COFLOW_HOST=host)

    [problem] = problems_of()

    assert problem.startswith(f"COFLOW_HOST={host}: expected a loopback address")


def test_secrets_are_shown_neither_in_errors_nor_in_repr(
    set_variables: Callable[..., None],
) -> None:
    set_variables(
        COFLOW_JWT_SECRET="hunter2-jwt",
        COFLOW_SECRET="hunter2",
        DATABASE_URL="mysql://me:hunter2@db/x",
    )
    with pytest.raises(InvalidSettings) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)
    assert "COFLOW_JWT_SECRET: it has 11 bytes; expected a secret of at least 32 bytes" in str(
        caught.value
    )

    set_variables(
        COFLOW_JWT_SECRET=f"hunter2{SECRET}",
        COFLOW_SECRET=f"hunter2{SECRET}",
        DATABASE_URL="postgresql://me:hunter2@db/x",
    )
    assert "hunter2" not in repr(load_settings())


def test_a_validation_error_of_direct_use_shows_no_secret(clean_environ: None) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(auth_mode="jwt", jwt_secret="hunter2")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
        ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["rsa", "p-256", "ed25519"],
)
def test_a_public_key_may_be_a_pem_one_line_or_a_file(
    set_variables: Callable[..., None],
    tmp_path: Path,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
) -> None:
    pem = pem_of(key)
    file = tmp_path / "key.pem"
    file.write_text(pem)

    for given in (pem, pem.replace("\n", "\\n"), str(file)):
        set_variables(COFLOW_JWT_PUBLIC_KEY=given)
        assert load_settings().jwt_public_key == pem


def test_weak_private_and_unreadable_keys_are_refused(
    set_variables: Callable[..., None], tmp_path: Path
) -> None:
    p256 = ec.generate_private_key(ec.SECP256R1())
    private = p256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    weak = pem_of(rsa.generate_private_key(public_exponent=65537, key_size=1024))
    for given, reason in [
        (private, "it is a private key: give the public one"),
        (weak, "its 1024 bits are too few"),
        (pem_of(ec.generate_private_key(ec.SECP521R1())), "its curve secp521r1 is not supported"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "it is not a public key"),
        (str(tmp_path / "absent.pem"), "it is neither a PEM nor a file that can be read"),
    ]:
        set_variables(COFLOW_JWT_PUBLIC_KEY=given)
        [problem] = problems_of()
        assert problem.startswith(f"COFLOW_JWT_PUBLIC_KEY: {reason}")


def test_a_pem_given_as_secret_is_refused(set_variables: Callable[..., None]) -> None:
    set_variables(COFLOW_JWT_SECRET=pem_of(ec.generate_private_key(ec.SECP256R1())))

    [problem] = problems_of()

    assert "it is a PEM key, which belongs in COFLOW_JWT_PUBLIC_KEY" in problem


@pytest.mark.parametrize(
    ("given", "effective"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p@h/d?sslmode=require", "postgresql+asyncpg://u:p@h/d?ssl=require"),
    ],
)
def test_plain_database_urls_get_their_driver(
    set_variables: Callable[..., None], given: str, effective: str
) -> None:
    set_variables(COFLOW_AUTH_MODE="dev", DATABASE_URL=given)

    assert load_settings().database_url == effective
    assert load_database_url() == effective


def test_the_database_url_alone_needs_no_other_setting(
    set_variables: Callable[..., None],
) -> None:
    set_variables(COFLOW_TICK_MS="wrong")
    assert load_database_url() == "sqlite+aiosqlite:///coflow.db"

    set_variables(DATABASE_URL="mysql://u:hunter2@h/d")
    with pytest.raises(InvalidSettings, match="DATABASE_URL: unknown database 'mysql'") as caught:
        load_database_url()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "explicit", "migrates"),
    [
        ("sqlite:///a.db", None, True),
        ("sqlite:///a.db", "0", False),
        ("postgresql://u@h/d", None, False),
        ("postgresql://u@h/d", "1", True),
    ],
)
def test_only_the_embedded_database_migrates_itself_unless_told(
    set_variables: Callable[..., None], url: str, explicit: str | None, migrates: bool
) -> None:
    set_variables(COFLOW_AUTH_MODE="dev", DATABASE_URL=url, COFLOW_MIGRATE_ON_START=explicit or "")

    assert load_settings().migrates_on_start is migrates


def test_a_key_set_over_plain_http_warns_unless_it_is_local(
    set_variables: Callable[..., None],
) -> None:
    set_variables(COFLOW_JWT_JWKS_URL="http://id.example.org/keys", COFLOW_SECRET="s" * 16)
    [warning] = load_settings().warnings()
    assert warning.startswith("COFLOW_JWT_JWKS_URL is plain http")

    for harmless in ("https://id.example.org/keys", "http://127.0.0.1:8080/keys"):
        set_variables(COFLOW_JWT_JWKS_URL=harmless)
        assert load_settings().warnings() == ()


def test_a_public_key_without_a_secret_warns_that_there_are_no_shares(
    set_variables: Callable[..., None],
) -> None:
    set_variables(COFLOW_JWT_JWKS_URL="https://id.example.org/keys")
    [warning] = load_settings().warnings()
    assert warning.startswith("COFLOW_SECRET is not set")

    set_variables(COFLOW_SECRET="s" * 16)
    assert load_settings().warnings() == ()


def test_every_setting_has_a_description_a_unit_and_an_expectation() -> None:
    for name, text in SETTING_TEXTS.items():
        assert text.description.endswith("."), name
        assert text.expects, name
        measured = text.type in ("number", "whole number") and name not in (
            "port",
            "max_connections_per_user",
            "max_connections_per_workflow",
        )
        assert bool(text.unit) == measured, name
