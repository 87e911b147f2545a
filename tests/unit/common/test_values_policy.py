"""A value is shown where its form and its name say that it is no secret."""

import pytest

from noctuary.common.values_policy import is_secret_like, keyed_hash, showable

SHOWN = [
    ("REPLICAS", "3"),
    ("RATIO", "-0.25"),
    ("MAX_BYTES", "17179869184"),
    ("FEATURE_X", "true"),
    ("DEBUG", "OFF"),
    ("TIMEOUT", "30s"),
    ("TIMEOUT", "1h30m"),
    ("INTERVAL", "15 minutes"),
    ("INTERVAL", "PT1H30M"),
    ("INTERVAL", "P7D"),
    ("MEMORY", "512Mi"),
    ("CPU", "250m"),
    ("HEAP", "2g"),
    ("UPLOAD_MAX", "10MB"),
    ("THRESHOLD", "85%"),
    ("SIDECAR_IMAGE", "registry.example.com:5000/team/app:4f3c2b1"),
    ("SIDECAR_IMAGE", "ghcr.io/team/app@sha256:" + "a" * 64),
    ("SIDECAR_IMAGE", "nginx:1.27.3-alpine"),
    ("SIDECAR_IMAGE", "library/nginx:1.27"),
    ("DB", "postgres.prod.svc.cluster.local:5432"),
    ("DB", "postgres.prod.svc"),
    ("DB_HOST", "postgres"),
    ("authServiceUrl", "http://auth.prod:8080/"),
    ("AUTH_SERVICE_HOST", "auth"),
    ("--listen.port", "8080"),
    ("KEYCLOAK_HOST", "keycloak"),
    ("MONITOR_EVERY", "5m"),
]


@pytest.mark.parametrize(("name", "value"), SHOWN)
def test_a_plain_value_behind_a_plain_name_is_shown(name: str, value: str) -> None:
    assert showable(name, value)


NOT_SHOWN = [
    ("MODE", "hunter2"),
    ("MODE", "correct.horse"),
    ("MODE", "correct-horse-battery"),
    ("MODE", ""),
    ("MODE", " 3"),
    ("MODE", "3\n"),
    ("MODE", "P"),
    ("MODE", "PT"),
    ("MODE", "4111111111111111"),
    ("MODE", "0xdeadbeef"),
    ("MODE", "deadbeef"),
    ("MODE", "1a2b3c4d5e6f"),
    ("MODE", "1e9f8a7b"),
    ("MODE", "admin:hunter2"),
    ("MODE", "admin:123456"),
    ("MODE", "admin:1.2.3.4.5"),
    ("MODE", "team/app:hunter2"),
    ("MODE", "hooks.example.com/abcdef0123456789"),
    ("MODE", "https://hooks.example.com/abc"),
    ("DB_HOST", "db.example.com.evil"),
    ("DB_URL", "postgres://app:hunter2@db/app"),
    ("DB_URL", "http://auth/path?code=5"),
    ("DB_URL", "http://auth.prod.svc/path"),
    ("DB_HOST", "Postgres Pass"),
    ("DB_HOST", "10.0.0.1"),
    ("", "8080"),
    ("-p", "8080"),
    ("2", "8080"),
    ("MODE", "9" * 400),
    ("MODE", '{"a": 1}'),
    ("MODE", "٣"),
]


@pytest.mark.parametrize(("name", "value"), NOT_SHOWN)
def test_what_may_be_a_secret_is_not_shown(name: str, value: str) -> None:
    assert not showable(name, value)


SECRET_NAMES = [
    *("DB_PASSWORD", "dbPassword", "MYSQLPASSWORD", "PGPASS", "--requirepass", "redis.pwd", "PASSWORD2", "PIN"),
    *("API_KEY", "apiKey", "APIKEY", "KEY1", "sshkey", "--token", "AUTH_TOKEN", "githubPat", "REDIS_AUTH", "OTP"),
    *("CLIENT_SECRET", "clientsecret", "SESSION_ID", "COOKIE", "SENTRY_DSN", "tls.cert", "--tls-private-key-file"),
    *(
        "AWS_CREDENTIALS",
        "CREDS",
        "SLACK_WEBHOOK_URL",
        "CONNECTION_STRING",
        "HASH_SALT",
        "JWT",
        "s_e_c_r_e_t",
        "PАSSWORD",
        "пароль",
    ),
]


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("value", ["8080", "true", "30s", "postgres.prod.svc"])
def test_no_value_behind_a_secret_like_name_is_shown(name: str, value: str) -> None:
    assert not showable(name, value)


@pytest.mark.parametrize("name", ["PORT", "HOST", "AUTH_SERVICE_HOST", "KEYSPACE", "PASSENGERS", "AUTHOR", "PINS"])
def test_a_name_that_only_begins_like_one_is_not_secret_like(name: str) -> None:
    assert not is_secret_like(name)


@pytest.mark.parametrize("more", ["vault-id", "VAULT_ID", "vaultId"])
def test_the_list_of_secret_like_names_is_extended(more: str) -> None:
    assert showable("TEAM_VAULT_ID", "42")
    assert not showable("TEAM_VAULT_ID", "42", [more])


def test_an_entry_without_letters_extends_nothing() -> None:
    assert showable("PORT", "8080", ["", "_"])


def test_a_hash_tells_values_apart_only_for_who_has_the_key() -> None:
    assert keyed_hash(b"k", "a") == keyed_hash(b"k", "a")
    assert len({keyed_hash(b"k", "a"), keyed_hash(b"k", "b"), keyed_hash(b"l", "a"), keyed_hash(b"k" * 99, "a")}) == 4


def test_a_hash_takes_any_text_and_says_nothing_of_its_length() -> None:
    assert {len(keyed_hash(b"k", text)) for text in ("", "x" * 100_000, "\ud800", "ü")} == {32}


def test_a_hash_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="key"):
        keyed_hash(b"", "a")


@pytest.mark.parametrize("part", ["a.", "a-", "1h", "a:", "a/", "http://", "Aa", "1."])
def test_long_names_and_values_are_judged_at_once(part: str) -> None:
    assert not showable(part * 100_000, (part * 300)[:300])
    assert not showable("DB_HOST", (part * 300)[:299] + "!")
