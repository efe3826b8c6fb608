"""``onetape data``: the local catalogue of bars."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from framework.app.commands.command import JsonOption, QuietOption, reported
from framework.app.commands.lengths import ForOption, length_of
from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from data.importing import Checked, Imported
    from data.request import DataRequest

data = typer.Typer(help="The local catalogue of bars: import, fetch, list, check.", no_args_is_help=True)

CatalogOption = Annotated[Path, typer.Option("--catalog", help='The catalogue\'s folder; [data] path, with source = "catalog".')]
SymbolsOption = Annotated[str | None, typer.Option("--symbols", help="Such as AAPL,IBM.", show_default="all there are")]
ResolutionOption = Annotated[str, typer.Option("--resolution", help="1d, or minutes or hours such as 5m, 1h.")]
PolicyOption = Annotated[list[str] | None, typer.Option("--policy", help="KIND=POLICY, as in [data.policy]; once for each kind.")]
CalendarOption = Annotated[str, typer.Option("--calendar", help="Exchange calendar.")]
DEFAULT_CATALOG = Path("catalog")


@data.command(
    name="import", epilog="Examples:  onetape data import bars   ·   onetape data import equity/usa --format lean --resolution 1m"
)
@reported
def import_(
    path: Annotated[Path, typer.Argument(help="A folder of SYMBOL.csv or SYMBOL.parquet, one such file, or LEAN's equity/usa.")],
    kind: Annotated[str, typer.Option("--format", help="csv, parquet, lean or backtrader.")] = "csv",
    symbols: SymbolsOption = None,
    resolution: ResolutionOption = "1d",
    adjusted: Annotated[bool, typer.Option("--adjusted", help="Prices are adjusted for splits already.")] = False,
    timezone: Annotated[str, typer.Option(help="How times without an offset are read.")] = "America/New_York",
    calendar: CalendarOption = "XNYS",
    policy: PolicyOption = None,
    catalog: CatalogOption = DEFAULT_CATALOG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take bars from files: checked, with a report, and mended where --policy says so."""
    from data.importing import symbols_in

    names = _names(symbols) or tuple(symbols_in(path, kind, resolution))
    request = _request(names, resolution, calendar, timezone, policy, adjust="none" if adjusted else "splits")
    _take(catalog, path, kind, request, as_json=as_json, quiet=quiet)


@data.command(
    epilog="Examples:  onetape data fetch sample   ·   onetape data fetch alpaca --symbols AAPL,IBM --start 2020-01-02 --end 2023-12-29"
)
@reported
def fetch(
    source: Annotated[str, typer.Argument(help="sample (real daily bars of five shares), alpaca, polygon or yfinance.")],
    symbols: SymbolsOption = None,
    resolution: ResolutionOption = "1d",
    start: Annotated[str | None, typer.Option(help="First date; not for the sample.")] = None,
    end: Annotated[str | None, typer.Option(help="Last date; not for the sample.")] = None,
    policy: PolicyOption = None,
    catalog: CatalogOption = DEFAULT_CATALOG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take bars from a source that has them; keys come from the environment, .env or the keyring."""
    if source == "sample":
        from data.importing import symbols_in

        names = _names(symbols) or tuple(symbols_in(Path(), source, resolution))
        _take(catalog, Path(), source, _request(names, resolution, "XNYS", "America/New_York", policy), as_json=as_json, quiet=quiet)
        return
    from framework.app.commands.fetching import fetched

    first, last = _day("--start", start), _day("--end", end)
    request = _request(_names(symbols), resolution, "XNYS", "America/New_York", policy)
    _tell(fetched(source, catalog, request, first, last), catalog, as_json=as_json, quiet=quiet)


@data.command(name="list", epilog="Examples:  onetape data list   ·   onetape data list --json")
@reported
def list_(catalog: CatalogOption = DEFAULT_CATALOG, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """What the catalogue holds."""
    from data.catalog import Catalog

    there = Catalog(catalog)
    rows = []
    for one in there.series():
        times = there.read(one, ())["timestamp"]
        rows.append({**one._asdict(), "bars": len(times), "first": _moment(int(times[0])), "last": _moment(int(times[-1]))})
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    elif not quiet:
        for row in rows:
            typer.echo("  ".join(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
        typer.echo(f"{len(rows)} series in {catalog}")


@data.command(epilog="Examples:  onetape data check   ·   onetape data check --policy gap=accept --json")
@reported
def check(
    symbols: SymbolsOption = None,
    calendar: CalendarOption = "XNYS",
    policy: PolicyOption = None,
    catalog: CatalogOption = DEFAULT_CATALOG,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Read everything with its checksums and check every bar; exit 1 if a run would refuse something."""
    from data.catalog import Catalog
    from data.importing import check_series

    there, names = Catalog(catalog), _names(symbols)
    wanted = [one for one in there.series() if not names or one.symbol in names]
    if not wanted:
        raise ConfigError(
            f"there is nothing to check in {catalog}{' of ' + ', '.join(names) if names else ''}; `onetape data list` shows it"
        )
    request = _request((wanted[0].symbol,), "1d", calendar, "America/New_York", policy)
    found = [check_series(there, one, request) for one in wanted]
    refused = [one for one in found if one.error or any(request.action(finding.kind) == "refuse" for finding in one.findings)]
    if as_json:
        typer.echo(json.dumps({"passed": not refused, "series": [_checked(one, request) for one in found]}, indent=2))
    elif not quiet:
        _print_checked(found, request)
    if refused:
        raise typer.Exit(1)


@data.command(epilog="Examples:  onetape data record --symbols AAPL,MSFT   ·   onetape data record --symbols IBM --for 2h --out ibm.jsonl")
@reported
def record(
    symbols: Annotated[str, typer.Option("--symbols", help="Such as AAPL,IBM.")],
    out: Annotated[Path, typer.Option(help="The file; what it has stays, new messages come behind it.")] = Path("flow.jsonl"),
    length: ForOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write down trades and quotes as Polygon (Massive) streams them, for strategies of order flow; until Ctrl-C, or --for."""
    from framework.app.commands.recording import recorded_flow

    found = recorded_flow(_names(symbols), out, length_of(length))
    if as_json:
        typer.echo(json.dumps({"file": str(out), **found._asdict()}, indent=2))
    elif not quiet:
        typer.echo(f"{found.messages:,} messages in {out}" + (f", {found.unreadable:,} of them unreadable" if found.unreadable else ""))


def _day(option: str, text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise ConfigError(f"{option} {text or 'is missing'}: write a date as 2012-01-31") from None


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name for part in (text or "").split(",") if (name := part.strip().upper()))


def _request(
    symbols: tuple[str, ...], resolution: str, calendar: str, timezone: str, policy: Sequence[str] | None, adjust: str = "splits"
) -> DataRequest:
    from data.request import DataRequest

    pairs = [text.partition("=") for text in policy or ()]
    wrong = [text for text, (kind, equals, value) in zip(policy or (), pairs, strict=True) if not (kind and equals and value)]
    if wrong:
        raise ConfigError(f"--policy {wrong[0]!r}: write KIND=POLICY, for example gap=accept")
    chosen = {kind: value for kind, _, value in pairs}
    return DataRequest(symbols, resolution=resolution, calendar=calendar, timezone=timezone, adjust=adjust, policy=chosen)


def _take(catalog: Path, path: Path, kind: str, request: DataRequest, *, as_json: bool, quiet: bool) -> None:
    from data.catalog import Catalog
    from data.importing import import_bars

    _tell(import_bars(Catalog(catalog), path, kind, request), catalog, as_json=as_json, quiet=quiet)


def _tell(imported: Iterable[Imported], catalog: Path, *, as_json: bool, quiet: bool) -> None:
    done = []
    for one in imported:
        done.append(one)
        if not (as_json or quiet):
            _print_imported(one)
    if as_json:
        typer.echo(json.dumps([_imported(one) for one in done], indent=2))
    elif not quiet:
        typer.echo(f'{len(done)} series in {catalog}; next: [data] source = "catalog", path = "{catalog}"')


def _imported(one: Imported) -> dict[str, Any]:
    return {
        **one.series._asdict(),
        **one.written._asdict(),
        "findings": [f"{item.kind}: {item.detail} ({item.action})" for item in one.findings],
    }


def _print_imported(one: Imported) -> None:
    told = one.written
    typer.echo(f"{' '.join(one.series)}: {told.new:,} new bars, {told.healed:,} mended, {told.same:,} there already")
    for finding in one.findings:
        typer.echo(f"  {finding.kind}: {finding.detail} ({finding.action})")


def _checked(one: Checked, request: DataRequest) -> dict[str, Any]:
    findings = [{"kind": item.kind, "detail": item.detail, "refused": request.action(item.kind) == "refuse"} for item in one.findings]
    times = {} if one.error else {"first": _moment(one.first), "last": _moment(one.last)}
    return {**one.series._asdict(), "bars": one.bars, **times, "findings": findings, "error": one.error or None}


def _print_checked(found: Iterable[Checked], request: DataRequest) -> None:
    for one in found:
        bad = sum(request.action(item.kind) == "refuse" for item in one.findings)
        verdict = one.error or (f"{bad} findings that a run refuses" if bad else "sound")
        typer.echo(f"{' '.join(one.series)}: {one.bars:,} bars, {verdict}")
        for item in one.findings:
            typer.echo(f"  {item.kind}: {item.detail} ({request.action(item.kind)})")


def _moment(timestamp: int) -> str:
    when = datetime.fromtimestamp(timestamp // 10**9, UTC)
    return f"{when:%Y-%m-%d}" if timestamp % 86_400_000_000_000 == 0 else f"{when:%Y-%m-%d %H:%M}Z"
