"""What may be committed: no secrets, no machine's own paths, no index addresses, no large files; locks that match the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.architecture.source import ROOT, repository_files

MAX_FILE_BYTES = 1_000_000
LOCKS = ("requirements.lock", "requirements-dev.lock")

# One letter of each pattern stands in brackets, so that this file does not find itself.
FOREIGN = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:[r]oot|[h]ome/[a-z]\w*|[U]sers/[A-Za-z]\w*)/"),
    "an index address": re.compile(r"--(?:extra-)?[i]ndex-url|--[f]ind-links|\bpypi\.org/[s]imple"),
}
# A value that contains "example" is taken for one.
SECRETS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE [K]EY-----"),
    "a GitHub token": re.compile(r"\b(?:[g]h[opsur]_[A-Za-z0-9]{36}|[g]ithub_pat_\w{40,})"),
    "an AWS key": re.compile(r"\b[A]KIA[0-9A-Z]{16}\b"),
    "a Slack token": re.compile(r"\b[x]ox[abprs]-[\w-]{10,}"),
    "an API key": re.compile(r"\b[s]k-[A-Za-z0-9_-]{20,}"),
    "a bearer token": re.compile(r"\b[e]yJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"),
    "a password": re.compile(
        r"""(?i)\b(?:password|passwd|secret|token|api_key)["']?\s*[:=]\s*["'](?![^"']*example)[^"'\s<>{}$]{12,}["']"""
    ),
}


def findings(text: str, patterns: dict[str, re.Pattern[str]]) -> list[str]:
    """What the patterns find, as ``name, line n``; the secret itself is not repeated."""
    return [f"{name}, line {text.count(chr(10), 0, match.start()) + 1}" for name, one in patterns.items() for match in one.finditer(text)]


def texts() -> dict[str, str]:
    """Committed text files by path; a file that is not UTF-8 is left out."""
    found = {}
    for path in repository_files():
        try:
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def pinned(lock: str) -> dict[str, set[str]]:
    """Package -> pinned versions (one for each environment marker)."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


def test_the_repository_is_seen():
    assert ROOT / "pyproject.toml" in repository_files()


def test_no_file_names_a_machine_or_an_index():
    assert not {path: found for path, text in texts().items() if (found := findings(text, FOREIGN))}


def test_no_file_holds_a_secret():
    assert not {path: found for path, text in texts().items() if not path.endswith(".lock") and (found := findings(text, SECRETS))}


def test_no_file_is_large():
    large = {path.name: path.stat().st_size for path in repository_files() if path.stat().st_size > MAX_FILE_BYTES}
    assert not large


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_carries_a_hash_and_nothing_else_is_in_a_lock(lock):
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    strange = [
        line for line in lines if not re.fullmatch(r"[a-z0-9._-]+==[^\s\\]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line)
    ]
    unhashed = [line for line, following in zip(lines, [*lines[1:], ""], strict=True) if "==" in line and "--hash" not in following]
    assert (strange, unhashed) == ([], [])


def test_the_locks_satisfy_what_the_project_asks_for():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = declared["project"]["optional-dependencies"]
    core = [*declared["project"]["dependencies"], *declared["dependency-groups"]["build"], *extras["sample"]]
    assert not _unsatisfied("requirements.lock", core)
    assert not _unsatisfied("requirements-dev.lock", [*core, *(line for extra in extras.values() for line in extra)])


def test_both_locks_pin_the_same_versions():
    developer = pinned("requirements-dev.lock")
    assert {name: versions for name, versions in pinned("requirements.lock").items() if developer.get(name) != versions} == {}


def _unsatisfied(lock: str, lines: list[str]) -> list[str]:
    pins = pinned(lock)
    wanted = [requirement for requirement in map(Requirement, lines) if requirement.name != "onetape"]
    return [str(one) for one in wanted if not (found := pins.get(_normal(one.name))) or not all(one.specifier.contains(v) for v in found)]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize(
    "text", ["see /" + "root/x", "cd '/" + "home/someone/x'", "/" + "Users/someone/x", "--index" + "-url x", "pypi.org/" + "simple"]
)
def test_a_foreign_path_or_address_is_found(text):
    assert findings(text, FOREIGN)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE" + " KEY-----",
        "ghp_" + "a" * 36,
        "AKIA" + "A" * 16,
        'password = "' + "hunter2hunter2" + '"',
        "'api_key': '" + "0123456789abcdef" + "'",
    ],
)
def test_a_secret_is_found(text):
    assert findings("first line\n" + text, SECRETS)[0].endswith("line 2")


@pytest.mark.parametrize(
    "text",
    [
        'password = ""',
        'password = "an-example-only"',
        "password = os.environ['X']",
        'token = "<your token>"',
        "docs/roots/x",
        "the home/page",
    ],
)
def test_ordinary_text_is_not_accused(text):
    assert not findings(text, {**FOREIGN, **SECRETS})


def test_every_shell_script_is_executable():
    scripts = [path for path in repository_files() if path.read_bytes()[:2] == b"#!"]
    assert [Path(path).name for path in scripts if not path.stat().st_mode & 0o100] == []
