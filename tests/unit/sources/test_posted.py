import json
import random
from typing import Any

import pytest

from noctuary.common.errors import InvalidInput
from noctuary.models.context_event import ContextEvent
from noctuary.sources.posted import Batch, parse_events
from noctuary.sources.posted_text import MAX_ITEMS, MAX_NAMES, require_unique_keys
from testbed.posted_events import EVENT

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z


def parse(body: bytes | str | dict[str, Any], content_type: str = "application/json") -> Batch:
    text = json.dumps(body) if isinstance(body, dict) else body
    return parse_events(text if isinstance(text, bytes) else text.encode(), content_type, "team-a", NOW)


def parse_one(**changes: object) -> ContextEvent:
    batch = parse({**EVENT, **changes})
    assert batch.errors == []
    return batch.events[0]


def test_a_minimal_event_happened_when_it_was_received() -> None:
    event = parse_one()
    assert (event.timestamp, event.last_seen, event.clamped) == (NOW, NOW, False)
    assert (event.tenant, event.source, event.service_name) == ("team-a", "api", "cart")


def test_all_fields_are_taken_over_but_the_raw_line() -> None:
    given = {"old_value": "1", "new_value": "2", "actor": "ci", "sha": "abc", "link": "https://x/y", "dedup_key": "k"}
    event = parse_one(**given, timestamp="2027-01-15T07:59:00+00:00", raw_line="secret stuff", invented=[{}])
    assert {name: getattr(event, name) for name in given} == given
    assert (event.timestamp, event.raw_line) == (NOW - 60, None)


def test_optional_fields_may_be_null() -> None:
    names = ("old_value", "new_value", "actor", "sha", "timestamp", "raw_line", "link", "dedup_key")
    assert parse_one(**dict.fromkeys(names)).sha is None


@pytest.mark.parametrize(
    ("text", "at", "clamped"),
    [
        ("2027-01-15T08:04:59Z", NOW + 299, False),
        ("2027-01-15T08:05:01Z", NOW, True),
        ("9999-12-31T23:59:59Z", NOW, True),
        ("1970-01-01T00:00:00Z", NOW, True),
        ("0001-01-01T00:00:00+14:00", NOW, True),
        ("2027-01-01T08:00:00Z", NOW - 14 * 86400, False),
        ("2027-01-15T09:00:00.000000123+01:00", NOW, False),
        ("2027-01-15T08:00:00", NOW, False),
    ],
)
def test_times_that_cannot_be_true_become_the_time_of_receipt(text: str, at: float, clamped: bool) -> None:
    event = parse_one(timestamp=text)
    assert (event.timestamp, event.clamped) == (at, clamped)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"service_name": ""}, "service_name"),
        ({"service_name": None}, "service_name"),
        ({"vendor": "x" * 254}, "vendor"),
        ({"entity": 7}, "entity"),
        ({"event_type": "deployed"}, "event_type"),
        ({"confidence": 0}, "confidence"),
        ({"confidence": 1.01}, "confidence"),
        ({"confidence": True}, "confidence"),
        ({"confidence": "0.5"}, "confidence"),
        ({"ttl_seconds": 0}, "ttl_seconds"),
        ({"ttl_seconds": 2**63}, "ttl_seconds"),
        ({"ttl_seconds": 10**400}, "ttl_seconds"),
        ({"ttl_seconds": 604801}, "ttl_seconds"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": 1700000000}, "timestamp"),
        ({"timestamp": "1" * 10**6}, "timestamp"),
        ({"timestamp": "2027-01-15T08:00:00." + "1" * 10**6 + "Z"}, "timestamp"),
        ({"timestamp": "2027-01-15T08:00:00+00:00:00." + "1" * 100}, "timestamp"),
        ({"new_value": "x" * 8193}, "new_value"),
        ({"new_value": {"a": 1}}, "new_value"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": "https://x/y\n"}, "link"),
        ({"dedup_key": ""}, "dedup_key"),
    ],
)
def test_a_bad_field_is_named_with_its_mend(changes: dict[str, object], field: str) -> None:
    batch = parse({**EVENT, **changes})
    assert batch.events == []
    assert [(error.index, error.field) for error in batch.errors] == [(0, field)]
    assert batch.errors[0].fix.startswith("send ")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"confidence": 2, "ttl_seconds": "60", "event_type": "deployed", "timestamp": "yesterday"},
            {
                "event_type": "is no type of event that we know",
                "confidence": "is not above 0 and at most 1",
                "ttl_seconds": "is text, not a number",
                "timestamp": "is not a time",
            },
        ),
        (
            {"service_name": None, "vendor": "", "entity": [], "link": "ftp://x", "sha": True, "dedup_key": "x" * 254},
            {
                "service_name": "is null, not text",
                "vendor": "is empty",
                "entity": "is a list, not text",
                "sha": "is true, not text",
                "dedup_key": "is longer than 253 characters",
                "link": "is no http or https URL of at most 2048 characters",
            },
        ),
        (
            {"confidence": None, "old_value": {}},
            {"confidence": "is null, not a number", "old_value": "is an object, not text"},
        ),
    ],
)
def test_all_that_is_wrong_with_an_item_is_told_at_once_in_our_words(
    changes: dict[str, object], told: dict[str, str]
) -> None:
    errors = parse({**EVENT, **changes}).errors
    assert {error.field: error.problem for error in errors} == told
    assert all(error.fix.startswith("send ") for error in errors)


DIGITS = "9" * 10**6


@pytest.mark.parametrize(
    ("field", "number"),
    [
        *(("confidence", number) for number in ("1e400", "-1e400", "1e-400", DIGITS, "-" + DIGITS, "1e" + DIGITS)),
        *(("ttl_seconds", number) for number in ("1e400", "6e1", "60.0", DIGITS, "-" + DIGITS, "0." + DIGITS)),
        *((field, DIGITS) for field in ("timestamp", "sha", "entity", "dedup_key")),
    ],
)
def test_a_number_beyond_reason_is_refused_in_words(field: str, number: str) -> None:
    rest = json.dumps({name: value for name, value in EVENT.items() if name != field})
    errors = parse(f'{rest[:-1]}, "{field}": {number}}}').errors
    assert [error.field for error in errors] == [field]
    assert len(errors[0].problem) < 100


@pytest.mark.parametrize("number", [DIGITS, "-" + DIGITS, "0." + DIGITS, "1e400"])
def test_a_number_beyond_reason_in_a_field_that_we_do_not_know_is_ignored(number: str) -> None:
    for name in ("other", "\\u006fther"):
        assert parse(f'{json.dumps(EVENT)[:-1]}, "{name}": {number}}}').errors == []


def test_an_empty_item_names_each_field_that_is_missing() -> None:
    assert {(error.field, error.problem) for error in parse({}).errors} == {(name, "is missing") for name in EVENT}


def test_a_field_that_stands_twice_is_told_beside_the_others() -> None:
    text = json.dumps({**EVENT, "confidence": 2})[:-1] + ', "vendor": "x"}'
    assert [error.field for error in parse(text).errors] == ["confidence", "vendor"]


def test_the_errors_of_a_thousand_bad_items_are_bounded() -> None:
    errors = parse(json.dumps([{}] * MAX_ITEMS)).errors
    assert {error.index for error in errors} == set(range(MAX_ITEMS))
    assert len(json.dumps([error.problem + error.fix for error in errors])) < 1_000_000


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("7", "is a number, not an object that is an event"),
        ("null", "is null, not an object that is an event"),
        ("{", "is JSON that ends too early"),
        ("<xml/>", "is not JSON from byte 0 on"),
        ('{"a":' * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_event_is_told_in_our_words(body: str, problem: str) -> None:
    assert [error.problem for error in parse(body).errors] == [problem]


@pytest.mark.parametrize("field", EVENT)
def test_a_missing_field_is_named(field: str) -> None:
    [error] = parse({name: value for name, value in EVENT.items() if name != field}).errors
    assert error.field == field


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"[]",
        b"[",
        b"[{]",
        b"[" * 100_000,
        b'[{"a":' * 50_000,
        b"\xff\xfe\x00",
        b'[{"service_name":"\xff"}',
        b"null",
        b'"text"',
        b"7",
        b"{",
        b'{"a":' * 100_000,
        b'{"service_name":"\\ud800","vendor":"v"}',
        b'{"confidence":NaN}',
        b'{"confidence":-Infinity}',
        b'{"confidence":1e999}',
        b"\xef\xbb\xbf{}",
        b"\x00" * 100,
        b"<xml/>",
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson", "\xff;;"])
def test_hostile_bodies_get_a_clear_error(body: bytes, content_type: str) -> None:
    try:
        batch = parse(body, content_type)
    except InvalidInput as error:
        assert error.field == "body"
    else:
        assert batch.events == []
        assert batch.errors


def test_a_field_that_stands_twice_is_refused() -> None:
    text = json.dumps(EVENT)[:-1] + ', "confidence": 0.1}'
    assert [error.field for error in parse(text).errors] == ["confidence"]


SKIPPED_UNREAD = [
    (b'"service\\u005fname": "other"', "service_name"),
    (b'"p": {"a": 1}, "q": {"a": 2}, "x": "\xff"', "body"),
    (b", ".join(b'"k%d": 0' % (n % 900) for n in range(901)), "k0"),
    (b", ".join(b'"k%d": 0' % (n % 20_000) for n in range(20_001)), "body"),
]
"""Fields that we do not know, in which the fast parser looks at nothing."""


@pytest.mark.parametrize(("fields", "named"), SKIPPED_UNREAD, ids=["escaped", "no UTF-8", "many keys", "too many keys"])
def test_a_bad_item_is_refused_by_name_and_the_good_ones_are_kept(fields: bytes, named: str) -> None:
    good = json.dumps(EVENT).encode()
    batch = parse(b"[" + good + b", " + good[:-1] + b", " + fields + b"}]")
    assert [(error.index, error.field) for error in batch.errors] == [(1, named)]
    assert len(batch.events) == 1


def test_what_is_nested_too_deeply_for_the_slow_parser_is_refused_and_no_fault_of_ours() -> None:
    with pytest.raises(InvalidInput, match="body: is nested too deeply"):
        require_unique_keys(b'{"\\u0061": ' + b"[" * 5000 + b"1" + b"]" * 5000 + b"}")


@pytest.mark.parametrize("end", [b"", rb"\\", rb"\"", b"\\n"], ids=["plain", "backslash", "quote", "line end"])
def test_more_names_than_any_event_has_are_refused_before_the_slow_parser(end: bytes) -> None:
    names = b",".join(b'"k%d%b":0' % (number, end) for number in range(MAX_NAMES + 1))
    with pytest.raises(InvalidInput, match="more than 1000 names"):
        require_unique_keys(b"{" + names + b"}")


def test_a_log_line_that_holds_an_object_counts_as_one_text() -> None:
    line = json.dumps({f"k{number}": 0 for number in range(2 * MAX_NAMES)})
    assert parse_one(raw_line=line, extra={}).vendor == "argocd"


def test_a_name_may_return_in_another_object_and_in_text() -> None:
    event = parse_one(new_value='"vendor": "x", "vendor": 1', extra={"vendor": 1, "confidence": 2})
    assert event.vendor == "argocd"


ONE = json.dumps(EVENT)
PRETTY = json.dumps(EVENT, indent=2)


@pytest.mark.parametrize(
    ("body", "content_type", "count"),
    [
        (ONE, "application/json", 1),
        (PRETTY, "application/json", 1),
        (f"[{ONE}]", "application/json", 1),
        (f" [{PRETTY},\n{ONE}]\n", "", 2),
        (f"{ONE}\n{ONE}\n", "", 2),
        (f"{ONE}\r\n\r\n{ONE}", "Application/X-NDJSON; charset=utf-8", 2),
        (ONE, "application/x-ndjson", 1),
    ],
)
def test_one_object_an_array_and_lines_are_understood(body: str, content_type: str, count: int) -> None:
    batch = parse(body, content_type)
    assert (len(batch.events), batch.errors) == (count, [])


def test_bad_items_do_not_harm_good_ones() -> None:
    batch = parse(f'[{ONE}, {{"vendor": 1}}, 5, {ONE}, {{}}]')
    assert len(batch.events) == 2
    assert sorted({error.index for error in batch.errors}) == [1, 2, 4]


def test_too_many_items_are_refused_at_once() -> None:
    with pytest.raises(InvalidInput, match="at most 1000"):
        parse(f"[{','.join([ONE] * (MAX_ITEMS + 1))}]")


def test_the_same_dated_event_has_the_same_key_and_an_undated_one_never() -> None:
    dated = {"timestamp": "2027-01-15T07:59:00Z"}
    assert parse_one(**dated).dedup_key == parse_one(**dated, raw_line="other").dedup_key
    assert parse_one(**dated).dedup_key != parse_one(**dated, new_value="2").dedup_key
    assert parse_one().dedup_key != parse_one().dedup_key


LARGE = 500_000
OPEN = json.dumps(EVENT)[:-1].encode()
LONG_TEXTS = {
    "one name over and over": OPEN + b"," + b",".join([b'"k":0'] * (LARGE // 6)) + b"}",
    "different names": OPEN + b"," + b",".join(b'"k%d":0' % n for n in range(LARGE // 10)) + b"}",
    "escaped names": OPEN + b"," + b",".join(b'"\\u0061%d":0' % n for n in range(LARGE // 13)) + b"}",
    "two long names": OPEN + b', "' + b"k" * LARGE + b'":1, "' + b"k" * LARGE + b'":1}',
    "names that end in a backslash": OPEN + b', "\\u0061":0' + rb', "\\":0' * (LARGE // 8) + b"}",
    "backslashes": OPEN + b', "x": "' + rb"\\" * LARGE + b'"}',
    "texts": OPEN + b', "x": [' + b",".join([b'""'] * (LARGE // 3)) + b"]}",
    "quotes": OPEN + b', "x": "' + b'\\"' * LARGE + b'"}',
    "quotes and colons": OPEN + b', "x": "' + b'\\":' * LARGE + b'"}',
    "spaces behind names": OPEN + b', "x": [' + b",".join([b'"a"' + b" " * 50] * (LARGE // 54)) + b"]}",
    "a space before a colon": OPEN + b', "x"' + b"\t" * LARGE + b": 1}",
    "digits": OPEN + b', "v\\u0065": ' + b"9" * LARGE + b"}",
    "decimals": OPEN + b', "v\\u0065": 0.' + b"1" * LARGE + b"e-300}",
    "small items": b"[" + b"1," * LARGE + b"1]",
    "small lines": b"{}\n" * LARGE,
    "small objects": OPEN + b', "x": [' + b",".join([b'{"a":1}'] * (LARGE // 8)) + b"]}",
    "depth": OPEN + b', "v\\u0065": ' + b"[" * LARGE + b"]" * LARGE + b"}",
    "a word of no choice": OPEN.replace(b"deploy", b"d" * LARGE) + b"}",
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("body", LONG_TEXTS.values(), ids=LONG_TEXTS)
@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_no_shape_of_a_long_body_takes_longer_than_its_length(body: bytes, content_type: str) -> None:
    """A search that looks at pairs would take minutes."""
    try:
        batch = parse(body, content_type)
    except InvalidInput as error:
        assert error.field == "body"
    else:
        assert len(batch.events) + len(batch.errors) == 1
        assert all(len(error.field) + len(error.problem) < 1000 for error in batch.errors)


TWICE = [
    b'"vendor": "x"',
    b'"v\\u0065ndor": "x"',
    b'"vendor"\t: "x"',
    b'"x": {"a": 1, "\\u0061": 2}',
    b'"sha": null, "sha": null',
    rb'"a\\": 1, "a\\": 2',
    rb'"a\"": 1, "a\"": 2',
    rb'"x": {"a/": 1, "a\/": 2}',
]


@pytest.mark.parametrize("field", TWICE)
@pytest.mark.parametrize("form", [b"%s", b"[%s]", b"[%s, %s]", b"%s\n%s\n"])
def test_however_a_name_is_spelled_it_counts_once(field: bytes, form: bytes) -> None:
    item = OPEN + b", " + field + b"}"
    count = form.count(b"%s")
    batch = parse(form % ((item,) * count))
    assert [(error.problem, error.index) for error in batch.errors] == [
        ("appears twice in one object", index) for index in range(count)
    ]


def random_field(source: random.Random) -> str:
    value = source.choice(["a", "a:b", "\u00e9:", '"vendor": 1', "x\\y", None, 7, {"a": [1, {"b": ":"}]}])
    name = source.choice(["sha", "actor", "old_value", "timestamp", "link", "raw_line", "unknown", "vendor"])
    return json.dumps({name: value}, ensure_ascii=source.random() < 0.5, indent=source.choice([None, 1]))[1:-1]


@pytest.mark.parametrize("seed", range(50))
def test_a_batch_is_read_as_its_items_are_one_by_one(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - made-up fields
    items = [
        ONE[:-1] + "".join(f", {random_field(source)}" for _ in range(source.choice([0, 0, 0, 1, 2]))) + "}"
        for _ in range(source.choice([1, 2, 5]))
    ]
    together = parse("[" + ",".join(items) + "]")
    alone = [parse(item) for item in items]
    assert [event.sha for event in together.events] == [event.sha for each in alone for event in each.events]
    assert [error.field for error in together.errors] == [error.field for each in alone for error in each.errors]
