"""What the platform quotes is shown without secrets, and otherwise as it is."""

import time

import pytest

from noctuary.common.redaction import MAX_SEARCHED_CHARS, without_secrets

SECRET = "hunter2S3CRET"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f'Get "http://10.0.0.7:8080/healthz?token={SECRET}&x=1": EOF', 'Get "http://10.0.0.7:8080/healthz": EOF'),
        (f'Get "https://bob:{SECRET}@reg.example.com/v2/": EOF', 'Get "https://reg.example.com/v2/": EOF'),
        (f"dial postgres://bob:{SECRET}", "dial postgres://bob"),
        (f'login: password "{SECRET}" refused', "login: password … refused"),
        (f"password: {SECRET} refused", "password: … refused"),
        (f"AWS_SECRET_ACCESS_KEY={SECRET} x", "AWS_SECRET_ACCESS_KEY=… x"),
        (f'{{"api_key": "{SECRET}", "n": 1}}', '{"api_key": …, "n": 1}'),
        (f"token:{SECRET},x", "token:…,x"),
        (f'curl -H "Authorization: Bearer {SECRET}" x', 'curl -H "Authorization: …" x'),
        (f"authorization=Basic {SECRET}", "authorization=…"),
        (f"sent Bearer {SECRET}", "sent Bearer …"),
        (f"/bin/sh -c curl -u bob:{SECRET} x: no such file", "/bin/sh -c curl -u … x: no such file"),
        (f"mount -o username=bob,password={SECRET} x", "mount -o username=bob,password=… x"),
        (f"mysql --password {SECRET} x", "mysql --password … x"),
        (f"redis-cli --requirepass-token='{SECRET} b' x", "redis-cli --requirepass-token=… x"),
    ],
)
def test_a_secret_goes_and_its_name_stays(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize(
    "honest",
    [
        'MountVolume.SetUp failed for volume "x" : secret "db" not found',
        "couldn't find key password in Secret shop/db",
        'Get "http://10.0.0.7:8080/healthz": dial tcp 10.0.0.7:8080: connect: connection refused',
        "pull secret regcred is missing; unauthorized: authentication required",
        "basic authentication failed",
        "invalid token: expired",
        "failed to fetch anonymous token",
        'secrets "db" is forbidden',
        "dial tcp: lookup https://reg.example.com: no such host",
    ],
)
def test_what_holds_no_secret_stays(honest: str) -> None:
    assert without_secrets(honest) == honest


@pytest.mark.parametrize(
    "part", ["a://", "a" * 41 + "token", "token", "token ", "'", "password ", "-u ", "a://b:", ":"]
)
def test_a_hostile_text_is_searched_in_little_time(part: str) -> None:
    began = time.process_time()
    without_secrets(part * MAX_SEARCHED_CHARS)
    assert time.process_time() - began < 0.5
