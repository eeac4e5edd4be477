"""Secrets are found wherever apps kept them, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_migration.families.secrets import extract, is_secret_name, placeholders
from timeloom_migration.planning.model import Record, placeholder

GITHUB = "ghp_" + "aB3d" * 9
FORMED = [
    GITHUB,
    "github_pat_" + "11ABCDEFG0" * 4,
    "glpat-" + "x1y2z3" * 4,
    "sk-ant-api03-" + "Zz9_" * 10,
    "sk-" + "a1b2" * 12,
    "sk_live_" + "51Hx" * 6,
    "xoxb-123456789012-abcdefGHIJ",
    "AKIAIOSFODNN7EXAMPLE",
    "AIza" + "Sy0_-" * 7,
    "npm_" + "a1B2" * 9,
    "hf_" + "aBcD" * 9,
    "tl_" + "abcdefgh234567ab" + "_" + "Ab1-" * 10 + "xyz",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
]


def record(value: Any, key: str = "task-store") -> Record:
    return Record(index=3, store="localStorage", key=key, value=value)


@pytest.mark.parametrize("secret", FORMED, ids=lambda secret: secret[:8])
@pytest.mark.parametrize(
    "around",
    [
        lambda secret: secret,
        lambda secret: f"please use {secret}, and tell nobody",
        lambda secret: json.dumps({"messages": [{"data": {"text": f"it is {secret}"}}]}),
        lambda secret: json.dumps({"state": json.dumps({"inner": json.dumps([secret])})}),
        lambda secret: {"deep": [{"er": {"note": secret}}]},
        lambda secret: {secret: True},
    ],
    ids=["alone", "in words", "in JSON", "in JSON in JSON", "in an object", "as a name"],
)
def test_what_has_the_form_of_a_token_is_taken(secret: str, around: Any) -> None:
    taken = extract(record(around(secret)))

    assert [each.value for each in taken.secrets] == [secret]
    assert secret not in json.dumps(taken.record.value)
    assert json.dumps(secret)[1:-1] not in json.dumps(taken.record.value)
    assert placeholder(3, 0) in json.dumps(taken.record.value)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "githubToken",
            "github_token",
            "accessToken",
            "refresh-token",
            "apiKey",
            "api_key",
            "OPENAI_API_KEY",
        ),
        *(
            "password",
            "userPassword",
            "clientSecret",
            "secret",
            "privateKey",
            "Authorization",
            "sessionCookie",
        ),
    ],
)
def test_what_is_called_a_secret_is_taken_whatever_its_form(name: str) -> None:
    value = json.dumps([{"id": "e1", name: "plain words"}])

    taken = extract(record(value, key="environments"))

    assert [(each.number, each.name, each.value) for each in taken.secrets] == [(0, name, "plain words")]
    assert json.loads(str(taken.record.value)) == [{"id": "e1", name: placeholder(3, 0)}]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "tokens",
            "tokenCount",
            "maxTokens",
            "nextPageToken",
            "hasToken",
            "secretNames",
            "keyboard",
            "tokenUsage",
        ),
        *("title", "key", "author", "passed", "monkey", "cookieConsent"),
    ],
)
def test_what_only_sounds_like_one_stays(name: str) -> None:
    assert not is_secret_name(name)
    taken = extract(record(json.dumps({name: "plain words"})))

    assert taken.secrets == ()
    assert taken.record == record(json.dumps({name: "plain words"}))


@pytest.mark.parametrize(
    "text",
    [
        "task-store-of-the-second-version-1",
        "a disk-image-of-2026-11-23-for-tests",
        "https://example.com/a:b@c",
        "git@github.com:desk/app.git",
        "550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_words_and_addresses_stay(text: str) -> None:
    assert extract(record(text)).secrets == ()


def test_the_password_in_an_address_is_taken() -> None:
    taken = extract(record("clone https://ann:hunter2@git.example.com/desk"))

    assert taken.record.value == f"clone https://{placeholder(3, 0)}@git.example.com/desk"
    assert [each.value for each in taken.secrets] == ["ann:hunter2"]


@pytest.mark.parametrize("end", [0, 1, 7])
def test_damaged_json_keeps_no_secret_either(end: int) -> None:
    whole = json.dumps({"environments": [{"name": "prod", "githubToken": "not of any known form"}]})
    cut = whole[: whole.index("known form") + len("known form") - end]

    taken = extract(record(cut, key="environments"))

    assert len(taken.secrets) == 1
    assert "not of any" not in str(taken.record.value)
    assert str(taken.record.value).startswith(
        '{"environments": [{"name": "prod", "githubToken": "timeloom:sealed:3/0'
    )


def test_of_what_an_app_held_for_secret_only_the_value_is() -> None:
    kept = {"value": "1234", "encrypted": False, "createdAt": 5, "metadata": {"for": "ann"}}

    taken = extract(record(json.dumps(kept), key="secure_pin"))

    assert [(each.name, each.value) for each in taken.secrets] == [("secure_pin", "1234")]
    assert json.loads(str(taken.record.value)) == {**kept, "value": placeholder(3, 0)}


def test_a_secret_that_occurs_again_has_one_number() -> None:
    taken = extract(record([GITHUB, f"again {GITHUB}", {"token": GITHUB}]))

    assert len(taken.secrets) == 1
    assert taken.record.value == [
        placeholder(3, 0),
        f"again {placeholder(3, 0)}",
        {"token": placeholder(3, 0)},
    ]


def test_a_record_says_no_secret_where_it_is_shown() -> None:
    taken = extract(record([GITHUB]))

    assert GITHUB not in repr(taken)
    assert GITHUB not in repr(taken.secrets)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
PLACES = st.lists(st.sampled_from(["list", "object", "named", "text", "json"]), max_size=6)


@given(JSON, PLACES, st.sampled_from(FORMED))
def test_no_place_hides_a_token(beside: Any, places: list[str], secret: str) -> None:
    value: Any = secret
    for place in places:
        match place:
            case "list":
                value = [beside, value]
            case "object":
                value = {"beside": beside, "value": value}
            case "named":
                value = {"githubToken": value}
            case "text":
                value = f"see {value}" if isinstance(value, str) else value
            case "json":
                value = json.dumps(value)

    taken = extract(record(value))

    assert taken.secrets
    assert json.dumps(secret)[1:-1] not in json.dumps(taken.record.value).replace("\\\\", "\\")
    assert placeholders(taken.record.value) or "timeloom:sealed" in json.dumps(taken.record.value)


@given(JSON)
def test_what_has_no_secret_stays_as_it_is(value: Any) -> None:
    taken = extract(record(value))

    if not taken.secrets:
        assert taken.record == record(value)
