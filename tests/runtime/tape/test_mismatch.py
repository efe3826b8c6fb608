"""Why a tape is not the one that is wanted is said in a line."""

from __future__ import annotations

import pytest

from framework.errors import TapeMismatchError
from framework.runtime.tape.mismatch import parted
from framework.runtime.tape.store import TapeStore

CONFIG = 'mode = "paper"\n\n[account]\ncash = 100000.0\n\n[guards]\nenabled = true\n' + "".join(f"key{n} = {n}\n" for n in range(200))


def test_of_a_config_the_lines_that_differ_are_told(tmp_path):
    header = {"mode": "paper", "config": CONFIG, "config_hash": "one"}
    TapeStore.open(tmp_path / "tape.db", header=header).close()
    changed = header | {"config": CONFIG.replace("100000.0", "50000.0").replace("enabled = true\n", ""), "config_hash": "other"}
    with pytest.raises(TapeMismatchError) as error:
        TapeStore.open(tmp_path / "tape.db", header=changed)
    place = tmp_path / "tape.db"
    assert str(error.value) == (
        f"{place}: it is the tape of something else: config has cash = 100000.0, enabled = true on the tape, cash = 50000.0 here; "
        "name another tape"
    )


@pytest.mark.parametrize(
    ("on_tape", "here", "words"),
    [
        ("paper", "live", "mode is 'paper' on the tape, 'live' here"),
        (None, "live", "mode is None on the tape, 'live' here"),
        ("a\nb\n", "a\n", "mode has b on the tape, nothing here"),
        ("\n".join("abcdefgh"), "x\ny", "mode has a, b, c, d, e, f and 2 more lines on the tape, x, y here"),
    ],
)
def test_other_fields_are_told_as_they_are(on_tape, here, words):
    assert parted("mode", on_tape, here) == words
