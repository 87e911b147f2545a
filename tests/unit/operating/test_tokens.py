"""Rotation as pure functions: what is kept, adopted, made, rotated, and what dies when."""

from dataclasses import replace

import msgspec
import pytest

from noctuary.models.integration_spec import Token
from noctuary.models.routing_record import RoutingRecord, SigningSecret, TokenHash, hash_secret
from noctuary_operator.plan.observed import Lookup, Observed
from noctuary_operator.plan.tokens import CUT_OFF, MAX_PREVIOUS, next_ingest_key, next_signing_secrets, next_token
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.minted import Minted
from noctuary_operator.resources.status import IntegrationStatus, TokenStatus

NOW = 1_800_000_000.0
OLD = "o" * 43
NEW = "n" * 43


def record(*tokens: TokenHash, request: str | None = None, rotated_at: float = NOW - 100) -> RoutingRecord:
    return RoutingRecord(
        id="uid",
        namespace="team",
        name="payments",
        created_at=0,
        generation=1,
        direction="inbound",
        api_url="",
        tokens=list(tokens),
        observed_rotate_request=request,
        rotated_at=rotated_at,
        ingest_key_sha256=hash_secret("k" * 43),
    )


def integration(serial: int = 0) -> Integration:
    status = IntegrationStatus(token=TokenStatus(serial=serial)) if serial else IntegrationStatus()
    return Integration("uid", "team", "payments", 1, 0.0, 1, False, None, None, status)


def seen(
    record_: RoutingRecord | None,
    secret: dict[str, str] | None = None,
    *,
    token: str | None = None,
    serial: int = 0,
    minted: Minted | None = None,
) -> Observed:
    values = secret or ({"token": token} if token is not None else {})
    return Observed(integration(serial), NOW, "uid", record=record_, webhook_secret=values, minted=minted)


def fresh() -> str:
    return NEW


CURRENT = TokenHash(hash_secret(OLD), 3)


def test_a_first_token_is_made_without_a_word_of_rotation() -> None:
    state = next_token(seen(None), Token(), fresh)
    assert (state.token, state.rotated_because, state.hashes) == (NEW, None, [TokenHash(hash_secret(NEW), 1)])


def test_a_token_that_matches_its_record_is_kept() -> None:
    state = next_token(seen(record(CURRENT), token=OLD), Token(), fresh)
    assert (state.token, state.hashes, state.rotated_at) == (OLD, [CURRENT], NOW - 100)


def test_a_token_without_a_record_is_adopted_with_its_serial() -> None:
    state = next_token(seen(None, serial=3, token=OLD), Token(), fresh)
    assert (state.token, state.hashes, state.is_adopted) == (OLD, [CURRENT], True)


def test_a_short_token_without_a_record_is_not_adopted() -> None:
    assert next_token(seen(None, serial=3, token="guessable"), Token(), fresh).token == NEW


def test_the_token_and_key_of_another_integration_are_not_adopted() -> None:
    copied = replace(seen(None, {"token": OLD, "ingestKey": OLD}), held_elsewhere=["token", "ingestKey"])
    assert next_token(copied, Token(), fresh).token == NEW
    assert next_ingest_key(copied, fresh).key == NEW


@pytest.mark.parametrize(
    ("settings", "request_", "rotates"),
    [
        (Token(), None, False),
        (Token(rotate_request="a"), None, True),
        (Token(rotate_request="a"), "a", False),
        (Token(rotate_request="b"), "a", True),
        (Token(), "a", False),
        (Token(rotation_interval="1m"), None, True),
        (Token(rotation_interval="2m"), None, False),
    ],
)
def test_only_a_changed_request_or_age_rotates(settings: Token, request_: str | None, rotates: bool) -> None:
    state = next_token(seen(record(CURRENT, request=request_), token=OLD), settings, fresh)
    assert (state.rotated_because is not None) == rotates
    assert state.token == (NEW if rotates else OLD)


@pytest.mark.parametrize("secret", [{}, {"token": "edited by hand"}])
def test_a_token_changed_or_removed_by_hand_rotates_and_the_old_one_overlaps(secret: dict[str, str]) -> None:
    state = next_token(seen(record(CURRENT), secret), Token(overlap="10m"), fresh)
    assert state.hashes == [TokenHash(hash_secret(NEW), 4), TokenHash(hash_secret(OLD), 3, NOW + 600)]


def test_older_tokens_keep_their_end_but_never_beyond_the_overlap() -> None:
    older = [TokenHash("a", 2, NOW + 60), TokenHash("b", 1, NOW + 9000), TokenHash("c", 0, NOW - 1)]
    state = next_token(seen(record(CURRENT, *older)), Token(overlap="10m"), fresh)
    assert [(t.serial, t.expires_at) for t in state.hashes] == [
        (4, None),
        (3, NOW + 600),
        (2, NOW + 60),
        (1, NOW + 600),
    ]


def test_without_overlap_all_older_tokens_die_at_once() -> None:
    state = next_token(seen(record(CURRENT, TokenHash("a", 2, NOW + 60))), Token(overlap="0s"), fresh)
    assert [t.serial for t in state.hashes] == [4]


def test_rotating_in_a_loop_keeps_a_bounded_list() -> None:
    older = [TokenHash(str(n), n, NOW + 60) for n in range(50)]
    state = next_token(seen(record(CURRENT, *older)), Token(), fresh)
    assert len(state.hashes) == 1 + MAX_PREVIOUS


def test_an_attempt_cut_off_after_the_record_is_finished_with_the_same_token() -> None:
    minted = Minted("m" * 43, "because", "i" * 43, None)
    current = TokenHash(hash_secret(minted.token), 4)
    state = next_token(
        seen(record(current, TokenHash(hash_secret(OLD), 3, NOW + 5)), minted=minted, token=OLD), Token(), fresh
    )
    assert (state.token, state.rotated_because, [t.serial for t in state.hashes]) == (minted.token, "because", [4, 3])


def test_an_attempt_cut_off_before_the_record_uses_the_same_token() -> None:
    minted = Minted("m" * 43, "because", "i" * 43, None)
    state = next_token(seen(record(CURRENT), minted=minted, token=OLD), Token(rotate_request="a"), fresh)
    assert (state.token, state.hashes[0].serial) == (minted.token, 4)


MADE = Minted("m" * 43, "because", "i" * 43, None)
BEGUN = TokenHash(hash_secret(MADE.token), 4)
OVER = [BEGUN, TokenHash(hash_secret(OLD), 3, NOW + 600)]
"""A rotation that is complete at this moment."""


def test_until_the_secret_holds_the_new_token_the_old_one_does_not_end() -> None:
    older = TokenHash("a", 2, NOW + 60)
    state = next_token(seen(record(CURRENT, older), token=OLD), Token(rotate_request="a", overlap="0s"), fresh)
    assert state.hashes_before == [CURRENT, TokenHash(hash_secret(NEW), 4), older]
    assert (state.hashes, state.rotated_before) == ([TokenHash(hash_secret(NEW), 4)], NOW - 100)


@pytest.mark.parametrize("order", [[CURRENT, BEGUN], [BEGUN, CURRENT]])
@pytest.mark.parametrize("secret", [{}, {"token": OLD}, {"token": MADE.token}])
def test_the_overlap_of_a_refused_rotation_begins_when_it_can_be_written(
    secret: dict[str, str], order: list[TokenHash]
) -> None:
    state = next_token(seen(record(*order), secret, minted=MADE), Token(rotation_interval="1m"), fresh)
    assert (state.token, state.rotated_because, state.hashes) == (MADE.token, "because", OVER)
    assert (state.rotated_at, set(state.hashes_before)) == (NOW, {CURRENT, BEGUN})


def test_a_rotation_cut_off_after_its_secret_was_written_is_completed_and_told() -> None:
    state = next_token(seen(record(CURRENT, BEGUN), token=MADE.token), Token(rotation_interval="1m"), fresh)
    assert (state.token, state.rotated_because, state.hashes) == (MADE.token, CUT_OFF, OVER)


def test_a_rotation_cut_off_before_its_secret_was_written_starts_anew_and_ends_nothing() -> None:
    state = next_token(seen(record(CURRENT, BEGUN), token=OLD), Token(), fresh)
    assert (state.token, state.rotated_because) == (NEW, CUT_OFF)
    assert state.hashes_before == [CURRENT, TokenHash(hash_secret(NEW), 5), BEGUN]


def test_what_stands_in_the_secret_outlives_any_number_of_rotations_that_were_cut_off() -> None:
    begun = [TokenHash(str(n), n, None) for n in range(4, 50)]
    state = next_token(seen(record(*begun, CURRENT), token=OLD), Token(), fresh)
    assert (state.hashes_before[0], len(state.hashes_before)) == (CURRENT, 1 + MAX_PREVIOUS)
    assert CURRENT.sha256 in {token.sha256 for token in state.hashes}


def test_a_request_that_changes_after_the_secret_was_written_rotates_once_more() -> None:
    held = record(CURRENT, BEGUN, request="a")
    state = next_token(seen(held, token=MADE.token, minted=MADE), Token(rotate_request="b"), fresh)
    assert (state.token, state.hashes_before[0]) == (NEW, BEGUN)


def test_a_request_is_acted_on_while_only_the_ingest_key_is_refused() -> None:
    minted = Minted(OLD, None, "i" * 43, "because")
    state = next_token(seen(record(CURRENT), token=OLD, minted=minted), Token(rotate_request="a"), fresh)
    assert (state.token, state.hashes[0].serial) == (NEW, 4)


@pytest.mark.parametrize(("key", "kept"), [("k" * 43, True), ("edited", False), (None, False)])
def test_an_ingest_key_changed_by_hand_is_replaced(key: str | None, kept: bool) -> None:
    secret = {} if key is None else {"ingestKey": key}
    state = next_ingest_key(seen(record(CURRENT), secret), fresh)
    assert (state.key == key, state.rotated_because is None) == (kept, kept)


KNOWN, EARLIER = hash_secret("k" * 43), hash_secret("earlier")


@pytest.mark.parametrize(
    ("known", "begun", "held", "minted", "before"),
    [
        (KNOWN, None, "k" * 43, None, None),
        (KNOWN, None, "edited", None, KNOWN),
        (KNOWN, None, None, MADE, KNOWN),
        (hash_secret(MADE.ingest_key), KNOWN, None, MADE, KNOWN),
        (hash_secret(MADE.ingest_key), KNOWN, MADE.ingest_key, MADE, None),
        (hash_secret("lost"), EARLIER, None, None, EARLIER),
        (None, None, None, None, None),
    ],
)
def test_the_key_that_people_have_ends_when_the_secret_holds_the_new_one(
    known: str | None, begun: str | None, held: str | None, minted: Minted | None, before: str | None
) -> None:
    keys = msgspec.structs.replace(record(CURRENT), ingest_key_sha256=known, ingest_key_before_sha256=begun)
    state = next_ingest_key(seen(keys, {"ingestKey": held} if held is not None else {}, minted=minted), fresh)
    assert state.before_sha256 == before


@pytest.mark.parametrize(
    ("known", "value", "expected"),
    [
        ([], "a", [SigningSecret("a")]),
        ([SigningSecret("a")], "a", [SigningSecret("a")]),
        ([SigningSecret("a")], "b", [SigningSecret("b"), SigningSecret("a", NOW + 600)]),
        ([SigningSecret("a")], None, [SigningSecret("a", NOW + 600)]),
        ([SigningSecret("b"), SigningSecret("a", NOW + 5)], "a", [SigningSecret("a"), SigningSecret("b", NOW + 600)]),
        ([SigningSecret("b"), SigningSecret("a", NOW - 5)], "b", [SigningSecret("b")]),
    ],
)
def test_a_replaced_signing_secret_counts_for_the_overlap(
    known: list[SigningSecret], value: str | None, expected: list[SigningSecret]
) -> None:
    held = msgspec.structs.replace(record(CURRENT), signing_secrets=known)
    observed = Observed(integration(), NOW, "uid", record=held, signing_secret=Lookup(value))
    assert next_signing_secrets(observed, Token(overlap="10m")) == expected
