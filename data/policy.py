"""What may be done about each kind of finding, and the refusal when nothing may."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from data.finding import Finding, FindingKind, moment
from framework.errors import BadDataError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Allowed policies of each kind; the first is the default.
POLICIES: Mapping[FindingKind, tuple[str, ...]] = MappingProxyType(
    {
        FindingKind.DUPLICATE: ("refuse", "keep_first", "keep_last"),
        FindingKind.UNORDERED: ("refuse", "sort"),
        FindingKind.NAN: ("refuse", "drop"),
        FindingKind.NON_POSITIVE: ("refuse", "drop"),
        FindingKind.INVERTED: ("refuse", "drop"),
        FindingKind.BAD_VOLUME: ("refuse", "drop"),
        FindingKind.ZERO_VOLUME: ("accept", "refuse"),
        FindingKind.OVERLAP: ("refuse", "accept"),
        FindingKind.GAP: ("refuse", "accept"),
        FindingKind.NOT_A_SESSION: ("refuse", "drop", "accept"),
        FindingKind.SUSPECT_TICK: ("refuse", "accept"),
        FindingKind.FINER_RANGE: ("accept", "refuse"),
        FindingKind.BAD_DIVIDEND: ("refuse", "accept"),
        FindingKind.SPLIT_JUMP: ("refuse", "accept"),
    }
)

#: Findings of one kind that a refusal spells out; the rest is counted.
SHOWN = 3


def check_policy(policy: Mapping[str, str]) -> None:
    """Raise ``ConfigError`` for a kind or a value of ``[data.policy]`` that does not exist."""
    for kind, value in policy.items():
        if kind not in list(FindingKind):
            raise ConfigError(f"[data.policy] {kind}: no such kind of finding{near(kind, FindingKind)}; allowed: {', '.join(FindingKind)}")
        allowed = POLICIES[FindingKind(kind)]
        if value not in allowed:
            raise ConfigError(f"[data.policy] {kind} = {value!r}: no such policy{near(value, allowed)}; allowed: {', '.join(allowed)}")


def action_for(kind: FindingKind, policy: Mapping[str, str]) -> str:
    """The policy in force for ``kind``."""
    return policy.get(kind, POLICIES[kind][0])


def near(given: str, names: Iterable[str]) -> str:
    """``"; did you mean X?"`` when one of ``names`` resembles ``given`` (case ignored), else an empty text."""
    by_lower = {name.lower(): name for name in names}
    close = get_close_matches(str(given).lower(), by_lower, n=1)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""


def refuse(findings: Sequence[Finding], policy: Mapping[str, str], origins: Mapping[str, str]) -> None:
    """Raise one ``BadDataError`` that covers every finding whose policy is ``refuse``; do nothing when there is none.

    ``origins`` says by symbol where the bars came from.
    """
    refused = [finding for finding in findings if action_for(finding.kind, policy) == "refuse"]
    if refused:
        kinds = [kind for kind in FindingKind if any(finding.kind is kind for finding in refused)]
        parts = [_paragraph(kind, [finding for finding in refused if finding.kind is kind], origins) for kind in kinds]
        raise BadDataError("\n".join([f"the data was refused, {len(refused)} finding{'s' * (len(refused) > 1)}:", *parts]))


def _paragraph(kind: FindingKind, findings: Sequence[Finding], origins: Mapping[str, str]) -> str:
    lines = [f"  {kind} ({len(findings)}):"]
    lines += [f"    {_place(finding, origins)}: {finding.detail}" for finding in findings[:SHOWN]]
    if len(findings) > SHOWN:
        lines.append(f"    and {len(findings) - SHOWN} more")
    choices = " or ".join(f'"{value}"' for value in POLICIES[kind] if value != "refuse")
    lines.append(f"    remedy: mend the data, or set [data.policy] {kind} = {choices}")
    return "\n".join(lines)


def _place(finding: Finding, origins: Mapping[str, str]) -> str:
    when = "" if finding.timestamp is None else f" at {moment(finding.timestamp)}"
    row = "" if finding.row is None else f"row {finding.row} of "
    return f"{finding.symbol}{when} ({row}{origins[finding.symbol]})"
