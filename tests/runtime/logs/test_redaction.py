"""Secrets in every way they may be written are found; what is no secret stays."""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from framework.domain.secret import Secret
from framework.errors import ConfigError
from framework.runtime.logs.redaction import Redactor
from framework.runtime.logs.spellings import canonical

CANARY = 'pa$$ "w\\ord/+é-example'
ENCODINGS = {
    "raw": lambda text: text,
    "URL": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "literal": lambda text: repr(text)[1:-1],
    "lower case": str.lower,
    "reversed": lambda text: text[::-1],
    "HTML": html.escape,
    "Basic login": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "inside base64": lambda text: base64.b64encode(f"1{text}23".encode()).decode(),
}
#: Of an encoding that is not aligned only the middle is surely the secret's.
PARTIAL = {"base64", "base64url", "Basic login", "inside base64"}
secrets = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=8, max_size=40).filter(
    lambda text: len(canonical(text).text) >= 6 and text.lower() not in "redacted" and not set(text) & set("«»⟨⟩⟦⟧")
)
around = st.text(max_size=30)


def redactor(*texts):
    return Redactor([Secret("canary", text) for text in texts])


def survives(text, shown, encoding):
    form = ENCODINGS[encoding](text)
    return (form[4:-6] if encoding in PARTIAL else form) in shown


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_is_found_in_every_encoding(encoding):
    shown = redactor(CANARY)(f"before {ENCODINGS[encoding](CANARY)} after")
    assert not survives(CANARY, shown, encoding)
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@pytest.mark.parametrize("encoding", sorted(set(ENCODINGS) - PARTIAL))
@given(secrets, around, around)
def test_no_secret_survives_whatever_stands_around_it(encoding, text, before, after):
    form = ENCODINGS[encoding](text)
    assume(form not in before + after)
    assert form not in redactor(text)(before + form + after)


@pytest.mark.parametrize("encoding", sorted(PARTIAL))
@given(secrets)
def test_no_secret_survives_inside_base64(encoding, text):
    assert not survives(text, redactor(text)(ENCODINGS[encoding](text)), encoding)


@pytest.mark.parametrize("wrap", ["\n", "\r\n", "\\n", "\\r\\n", "\\\\n"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@given(st.data())
def test_a_line_break_anywhere_hides_nothing(encoding, wrap, data):
    form = ENCODINGS[encoding](CANARY)
    place = data.draw(st.integers(1, len(form) - 1))
    assume("\\" not in form[max(0, place - 6) : place])  # not inside of an escape
    shown = redactor(CANARY)(form[:place] + wrap + form[place:])
    assert "redacted" in shown
    assert form[:place][-8:] + wrap + form[place:][:8] not in shown


@given(st.lists(secrets, max_size=4), st.lists(st.tuples(around, st.integers(0, 3), st.sampled_from(sorted(ENCODINGS))), max_size=4))
def test_redacting_twice_is_redacting_once(texts, pieces):
    redact = redactor(*texts)
    text = "".join(before + (ENCODINGS[encoding](texts[which % len(texts)]) if texts else "") for before, which, encoding in pieces)
    assert redact(redact(text)) == redact(text)


@given(around)
def test_a_text_without_secrets_is_left_alone(text):
    assume("canary-example".lower() not in text.lower())
    assert redactor("canary-example-1234")(text) == text


@pytest.mark.parametrize("text", ["", "a", "12345", "REDACTED", "dacted"])
def test_what_cannot_be_told_from_other_text_is_refused_as_a_secret(text):
    with pytest.raises(ConfigError, match="canary is too short or too plain"):
        redactor(text)


def test_a_secret_with_brackets_gets_other_brackets():
    assert redactor("a[b]c<d>e-example")("xa[b]c<d>e-exampley") == "x{redacted}y"
    with pytest.raises(ConfigError, match="every kind of bracket"):
        redactor("[<{(|~^*«⟨⟦example")


def test_one_secret_may_begin_another():
    assert redactor("abcdefgh", "abcdefghijkl")("abcdefghijkl abcdefgh") == "[redacted] [redacted]"


def test_hostile_text_is_read_in_reasonable_time():
    redact = redactor("\\\\a\\\\b\\example\\", "x" * 60, CANARY)
    begun = time.process_time()
    redact("\\" * 20_000 + "x" * 20_000 + "%5C" * 5_000)
    assert time.process_time() - begun < 2.0


def test_a_secret_does_not_show_itself():
    secret = Secret("password", "hunter2-example")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2-example"
    assert secret == Secret("password", "hunter2-example")
    assert secret not in ("hunter2-example", Secret("password", "another-example"))
    assert len({secret, Secret("password", "hunter2-example")}) == 1


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_secret_cannot_be_copied_into_a_file(take):
    with pytest.raises(TypeError, match="password is a secret"):
        take(Secret("password", "hunter2-example"))
