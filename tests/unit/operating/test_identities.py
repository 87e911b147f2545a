"""Whose an id is: what the names of objects say, and who may take an id that a Secret names."""

from typing import Any

import pytest

from noctuary.models.reports import IntegrationReport
from noctuary.models.routing_record import (
    ROLE_LABEL,
    ROLE_ROUTING_RECORD,
    RoutingRecord,
    TokenHash,
    encode_record,
    hash_secret,
)
from noctuary_operator.plan.restored import is_unused, restored_id
from noctuary_operator.plan.routes.kinds import route_name
from noctuary_operator.resources.ids import may_belong_to, new_id
from noctuary_operator.resources.integration import Integration, read_integration
from noctuary_operator.resources.objects import (
    IS_ID,
    OWNER_ANNOTATION,
    UID_ANNOTATION,
    BareMeta,
    LabelledSecret,
    Meta,
    OurLabels,
    RouteObject,
    SecretHead,
)
from noctuary_operator.resources.status import Condition, IntegrationStatus
from noctuary_operator.watch.cluster_view import ClusterView
from noctuary_operator.watch.identities import Identities

RELEASE = "noctuary"
ID = "3fcbbb27-d607-4f05-86b7-ad6b15468fd6"


def raw(uid: str, namespace: str = "team", name: str = "payments", **status: Any) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": uid,
        "resourceVersion": "5",
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return {"metadata": metadata, "spec": {"direction": "outbound"}, "status": status}


def view_of(*integrations: dict[str, Any]) -> ClusterView:
    view = ClusterView(RELEASE, lambda _: None)
    for each in integrations:
        view.integrations.upsert(each)
    return view


def record(namespace: str, name: str, uid: str = "", *, readable: bool = True, owned: bool = True) -> LabelledSecret:
    owner = {OWNER_ANNOTATION: f"{namespace}/{name}"} if owned else {}
    meta = Meta(
        name=f"noctuary-{ID}",
        namespace=RELEASE,
        resource_version="1",
        labels={ROLE_LABEL: ROLE_ROUTING_RECORD},
        annotations={**owner, **({UID_ANNOTATION: uid} if uid else {})},
    )
    data = encode_record(RoutingRecord(ID, namespace, name, 0.0, 1, "outbound", "https://api.pagerduty.com"))
    return LabelledSecret(meta, data if readable else {})


OURS = read_integration(raw("new"))


def is_another(view: ClusterView, *secrets: LabelledSecret) -> bool:
    for each in secrets:
        view.labelled.apply_event("ADDED", each)
    return view.is_id_of_another(ID, OURS)


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (record("team", "payments"), False),
        (record("team", "payments", "gone"), False),
        (record("team", "payments", readable=False), False),
        (record("other", "payments"), True),
        (record("team", "other"), True),
        (record("other", "payments", readable=False), True),
        (record("team", "payments", readable=False, owned=False), True),
    ],
)
def test_a_record_keeps_its_id_for_the_integration_of_its_namespace_and_name(
    secret: LabelledSecret, *, expected: bool
) -> None:
    assert is_another(view_of(raw("new")), secret) is expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (raw(ID, "other"), True),
        (raw("other", "other", integrationID=ID), True),
        (raw("other", "other", integrationID="another"), False),
        (raw("other", "other"), False),
    ],
)
def test_a_living_integration_keeps_its_id_without_a_record(other: dict[str, Any], *, expected: bool) -> None:
    assert is_another(view_of(raw("new"), other)) is expected


def test_a_route_that_is_left_keeps_its_id_for_its_integration() -> None:
    view = view_of(raw("new"))
    annotations = {OWNER_ANNOTATION: "other/payments"}
    meta = Meta(name=f"noctuary-other.payments-{ID}", namespace=RELEASE, resource_version="1", annotations=annotations)
    view.routes["Ingress"].apply_event("ADDED", RouteObject(meta))
    assert is_another(view)
    view.routes["Ingress"].apply_event("DELETED", RouteObject(meta))
    assert not is_another(view)


def test_a_record_says_who_holds_its_id_until_somebody_else_does() -> None:
    view = view_of()
    view.labelled.apply_event("ADDED", record("team", "payments", "old"))
    assert (view.identities.id_of("old"), view.key_of(ID), view.ledger()) == (ID, "old", {"old"})
    view.identities.bind("new", ID)
    assert (view.identities.id_of("old"), view.key_of(ID)) == (None, "new")


def test_a_record_of_a_release_without_ids_is_that_of_the_uid_in_its_name() -> None:
    view = view_of()
    view.labelled.apply_event("ADDED", record("team", "payments"))
    assert view.identities.id_of(ID) == ID


def test_an_id_that_is_forgotten_has_no_holder() -> None:
    identities = Identities()
    identities.bind("uid", ID)
    identities.forget(ID)
    identities.forget(ID)
    assert (identities.id_of("uid"), identities.uid_of(ID)) == (None, None)


def named(namespace: str, name: str) -> str:
    integration: Integration = read_integration(raw("uid", namespace, name))
    return route_name(integration, ID)


@pytest.mark.parametrize(
    ("namespace", "name", "expected"),
    [
        ("team", "payments", f"noctuary-team.payments-{ID}"),
        ("n" * 63, "a" * 200, f"noctuary-{'n' * 63}.{'a' * 136}-{ID}"),
        ("n" * 63, "a" * 135 + "." + "b" * 64, f"noctuary-{'n' * 63}.{'a' * 135}-{ID}"),
    ],
)
def test_a_route_is_named_after_its_integration_within_what_a_name_may_have(
    namespace: str, name: str, expected: str
) -> None:
    assert named(namespace, name) == expected
    assert len(expected) <= 253
    assert Meta(name=expected).named_id == ID


@pytest.mark.parametrize(
    ("name", "expected"),
    [(f"noctuary-{ID}", ID), (f"noctuary-a-b.c-{ID}", ID), (f"other-{ID}", ""), (f"noctuary-{ID}-x", ""), (ID, "")],
)
def test_the_names_of_records_and_routes_end_in_the_id(name: str, expected: str) -> None:
    assert Meta(name=name).named_id == expected


OTHERS = [("team", "other"), ("other", "payments"), ("team-payments", ""), ("teampay", "ments")]


@pytest.mark.parametrize("other", OTHERS)
def test_an_id_is_made_for_one_namespace_and_name(other: tuple[str, str]) -> None:
    made = new_id("team", "payments")
    assert IS_ID(made)
    assert (may_belong_to(made, "team", "payments"), may_belong_to(made, *other)) == (True, False)
    assert new_id("team", "payments") != made


def test_an_id_of_a_release_without_ids_says_nothing_of_its_owner() -> None:
    assert may_belong_to(ID, "team", "payments")
    assert may_belong_to(ID, "other", "other")


KNOWN = "3fcbbb27-d607-4f05-86b7-ad6b15468fd6"
BEFORE = "00000000-0000-4000-8000-000000000001"
BACKUP = {"token": "old-token", "ingestKey": "old-key"}
RECORD = RoutingRecord(
    KNOWN,
    "team",
    "payments",
    0.0,
    1,
    "inbound",
    "",
    tokens=[TokenHash(hash_secret("token"), 2), TokenHash(hash_secret("replaced"), 1, 5.0)],
    ingest_key_sha256=hash_secret("key"),
)


@pytest.mark.parametrize(
    ("values", "label", "expected"),
    [
        ({"integrationID": BEFORE, **BACKUP}, BEFORE, BEFORE),
        ({"integrationID": BEFORE, **BACKUP}, KNOWN, BEFORE),
        ({"integrationID": BEFORE, "ingestKey": "old-key"}, BEFORE, BEFORE),
        (BACKUP, BEFORE, BEFORE),  # of a release without ids
        ({"integrationID": KNOWN, **BACKUP}, BEFORE, BEFORE),  # the same, applied over what we had written
        ({"integrationID": KNOWN, **BACKUP}, KNOWN, None),
        ({"integrationID": BEFORE, "token": "token", "ingestKey": "old-key"}, BEFORE, None),
        ({"integrationID": BEFORE, "token": "replaced", "ingestKey": "old-key"}, BEFORE, None),
        ({"integrationID": BEFORE, "token": "old-token", "ingestKey": "key"}, BEFORE, None),
        ({"integrationID": BEFORE}, BEFORE, None),
        ({"integrationID": "forged", **BACKUP}, KNOWN, None),
        ({}, BEFORE, None),
    ],
)
def test_what_names_another_id_with_its_token_and_key_was_restored(
    values: dict[str, str], label: str, expected: str | None
) -> None:
    head = SecretHead(BareMeta("payments-webhook", labels=OurLabels(integration=label)))
    assert restored_id(KNOWN, head, values, RECORD) == expected


def test_a_secret_that_is_not_there_names_nothing() -> None:
    assert restored_id(KNOWN, None, {}, None) is None


def subscription(reason: str) -> list[Condition]:
    return [Condition("SubscriptionReady", "True", reason, "")]


@pytest.mark.parametrize(
    ("status", "report", "expected"),
    [
        ({}, None, True),
        ({"conditions": subscription("AwaitingFirstWebhook")}, {}, True),
        ({"conditions": subscription("Active")}, None, False),
        ({"conditions": subscription("OutsideScope")}, None, False),
        ({"last_webhook_time": "2026-01-01T00:00:00Z"}, None, False),
        ({"last_note_time": "2026-01-01T00:00:00Z"}, None, False),
        ({}, {"proven_token_sha256": "of-the-token"}, False),
        ({}, {"last_webhook_at": 1.0}, False),
        ({}, {"last_note_at": 1.0}, False),
        ({"last_failure_time": "2026-01-01T00:00:00Z"}, {"last_failure_at": 1.0}, True),
    ],
)
def test_what_has_had_a_webhook_or_a_note_is_used(
    status: dict[str, Any], report: dict[str, Any] | None, *, expected: bool
) -> None:
    reported = IntegrationReport(KNOWN, **report) if report is not None else None
    assert is_unused(IntegrationStatus(**status), reported) is expected
