import hashlib
import hmac

import pytest

from noctuary.pagerduty.signature import SignatureCheck, verify

# A signature that the vendor's own client accepts for this secret and body (go-pagerduty, webhookv3).
VENDOR_SECRET = "lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK"
VENDOR_DIGEST = "0c0b9495b893a39e70d1fea2fe11fbe0a825f88b9f67846f6cc07dd2bc5476cd"
VENDOR_OTHER_DIGEST = "7020c8a7ec668a9b7012bc3dd82e483394b038f4230acc6785efbf2a7d8bcaf5"


def reference(host: str, path: str, identity: str, summary: str, kind: str) -> str:
    return (
        f'{{"html_url":"https://acme.pagerduty.com/{host}","id":"{identity}",'
        f'"self":"https://api.pagerduty.com/{path}","summary":"{summary}","type":"{kind}_reference"}}'
    )


def vendor_body() -> bytes:
    user = reference("users/PLH1HKV", "users/PLH1HKV", "PLH1HKV", "Tenex Engineer", "user")
    service = reference("services/PF9KMXH", "services/PF9KMXH", "PF9KMXH", "API Service", "service")
    assignee = reference("users/PTUXL6G", "users/PTUXL6G", "PTUXL6G", "User 123", "user")
    policy = "escalation_policies/PUS0KTE"
    escalation = reference(policy, policy, "PUS0KTE", "Default", "escalation_policy")
    team = reference("teams/PFCVPS0", "teams/PFCVPS0", "PFCVPS0", "Engineering", "team")
    priority = reference("account/incident_priorities", "priorities/PSO75BM", "PSO75BM", "P1", "priority")
    data = (
        '{"id":"PGR0VU2","type":"incident","self":"https://api.pagerduty.com/incidents/PGR0VU2",'
        '"html_url":"https://acme.pagerduty.com/incidents/PGR0VU2","number":2,"status":"triggered",'
        f'"title":"A little bump in the road","service":{service},"assignees":[{assignee}],'
        f'"escalation_policy":{escalation},"teams":[{team}],"priority":{priority},"urgency":"high",'
        '"conference_bridge":{"conference_number":1000,"conference_url":"https://example.com"},"resolve_reason":null}'
    )
    return (
        '{"event":{"id":"01BWDWL3NYY7LUFPZCC28QUCMK","event_type":"incident.priority_updated",'
        '"resource_type":"incident","occurred_at":"2021-04-26T17:36:27.458Z",'
        f'"agent":{user},"client":null,"data":{data}}}}}'
    ).encode()


@pytest.mark.parametrize(
    ("body", "header", "verdict"),
    [
        (vendor_body(), f"v1={VENDOR_DIGEST}".encode(), SignatureCheck.VALID),
        (vendor_body(), f"v1={VENDOR_OTHER_DIGEST}".encode(), SignatureCheck.MISMATCH),
        (vendor_body(), b"", SignatureCheck.MALFORMED),
        (b"", f"v1={VENDOR_DIGEST}".encode(), SignatureCheck.MALFORMED),
    ],
)
def test_the_vendors_published_vectors_are_judged_as_the_vendor_does(
    body: bytes, header: bytes, verdict: SignatureCheck
) -> None:
    assert verify(body, header, [VENDOR_SECRET]) is verdict


BODY = b'{"a":1}'
GOOD = hmac.new(b"s", BODY, hashlib.sha256).hexdigest().encode()
BAD = b"0" * 64


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        (b"v1=" + GOOD, SignatureCheck.VALID),
        (b"v1=" + GOOD.upper(), SignatureCheck.VALID),
        (b" v1=" + GOOD + b" ", SignatureCheck.VALID),
        (b"v1=" + BAD + b",v1=" + GOOD, SignatureCheck.VALID),
        (b"v1=" + GOOD + b", v1=" + BAD, SignatureCheck.VALID),
        (b"v2=" + BAD + b",v1=" + GOOD, SignatureCheck.VALID),
        (b"v1=nonsense,v1=" + GOOD, SignatureCheck.VALID),
        (b"v1=" + b"\xc3\xa4" * 32 + b",v1=" + GOOD, SignatureCheck.VALID),
        (b"," * 1000 + b"v1=" + GOOD, SignatureCheck.VALID),
        (b"v1=" + BAD, SignatureCheck.MISMATCH),
        (b"v1=" + GOOD[:-2], SignatureCheck.MISMATCH),
        (b"v1=" + GOOD + b"00", SignatureCheck.MISMATCH),
        (b"v2=" + GOOD, SignatureCheck.MALFORMED),
        (b"V1=" + GOOD, SignatureCheck.MALFORMED),
        (GOOD, SignatureCheck.MALFORMED),
        (b"v1=", SignatureCheck.MALFORMED),
        (b"v1=\xff\xfe", SignatureCheck.MALFORMED),
        ("v1=ä".encode("latin-1"), SignatureCheck.MALFORMED),
        (None, SignatureCheck.MALFORMED),
    ],
)
def test_one_usable_matching_entry_is_enough_and_necessary(header: bytes | None, verdict: SignatureCheck) -> None:
    assert verify(BODY, header, ["s"]) is verdict


@pytest.mark.parametrize("secrets", [["s"], ["other", "s"], ["s", "other"]])
def test_any_of_several_secrets_opens(secrets: list[str]) -> None:
    assert verify(BODY, b"v1=" + GOOD, secrets) is SignatureCheck.VALID


def test_without_a_secret_nothing_matches() -> None:
    assert verify(BODY, b"v1=" + GOOD, []) is SignatureCheck.MISMATCH


def test_a_secret_is_used_as_text_and_not_decoded() -> None:
    header = b"v1=" + hmac.new("cwä==".encode(), BODY, hashlib.sha256).hexdigest().encode()
    assert verify(BODY, header, ["cwä=="]) is SignatureCheck.VALID
