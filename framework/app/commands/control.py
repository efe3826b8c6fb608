"""The operator's commands, for a process that trades: written to its tape, which it reads each turn."""

from __future__ import annotations

import getpass
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from framework.app.commands.command import JsonOption, reported
from framework.domain.command import CommandKind

if TYPE_CHECKING:
    from collections.abc import Mapping

control = typer.Typer(rich_markup_mode="rich")

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, its name below runs/, a tape file or an address.")]
WhoOption = Annotated[str | None, typer.Option(help="Who says so.", show_default="your login name")]
WhyOption = Annotated[str, typer.Option(help="The reason, kept on the tape.")]
OrderArgument = Annotated[str, typer.Argument(metavar="ID", help="The order, as `onetape orders` names it.")]


@control.command(epilog="Examples:  onetape halt runs/live --why 'news'   ·   without the tape:  touch runs/live/HALT   ·   kill -USR1 PID")
@reported
def halt(run: RunArgument, why: WhyOption, who: WhoOption = None, as_json: JsonOption = False) -> None:
    """Stop sending anything but stops and cancels; holds over restarts until `onetape resume`."""
    _send(CommandKind.HALT, run, who, why, as_json=as_json)


@control.command(epilog="Examples:  onetape resume runs/live --why 'prices are back'")
@reported
def resume(run: RunArgument, why: WhyOption, who: WhoOption = None, as_json: JsonOption = False) -> None:
    """Go on: every circuit breaker is closed, the HALT file removed."""
    _send(CommandKind.RESUME, run, who, why, as_json=as_json)


@control.command(epilog="Examples:  onetape cancel SmaCross-AAPL-1770000000-buy-1 runs/live --why 'wrong price'")
@reported
def cancel(order_id: OrderArgument, run: RunArgument, why: WhyOption, who: WhoOption = None, as_json: JsonOption = False) -> None:
    """Cancel one order."""
    _send(CommandKind.CANCEL, run, who, why, as_json=as_json, arguments={"order_id": order_id})


@control.command(epilog="Examples:  onetape settle SmaCross-AAPL-1770000000-sell-1 runs/live --why 'not in the app, not in its history'")
@reported
def settle(order_id: OrderArgument, run: RunArgument, why: WhyOption, who: WhoOption = None, as_json: JsonOption = False) -> None:
    """Say that the broker never had an order whose answer was lost; look there first. Its shares can be sold again then."""
    _send(CommandKind.SETTLE, run, who, why, as_json=as_json, arguments={"order_id": order_id})


@control.command(
    epilog="Examples:  onetape acknowledge unprotected_position AAPL runs/live --why 'I sell it by hand'   ·   "
    "onetape acknowledge order_parked SmaCross-AAPL-1770000000-buy-1 runs/live --why 'asked the broker'   ·   "
    "onetape acknowledge position_mismatch AAPL runs/live --price 101.25 --why 'I sold them by hand'"
)
@reported
def acknowledge(
    code: Annotated[str, typer.Argument(metavar="INCIDENT", help="What `onetape status` calls it, such as unprotected_position.")],
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="The symbol or the order it is of.")],
    run: RunArgument,
    why: WhyOption,
    price: Annotated[
        float | None,
        typer.Option(metavar="DOLLARS", help="Of shares of the session that are gone: what they went for a share, after fees."),
    ] = None,
    who: WhoOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that you have looked at an incident: what is over ends, what goes on stops nothing any more and is yours."""
    from framework.domain.values import to_micros
    from framework.errors import ConfigError, SafetyError
    from framework.runtime.orders.incidents import Code, code_of

    try:
        known = code_of(code)
    except SafetyError as error:
        raise ConfigError(str(error)) from None
    if price is not None and not 0.0 < price < float("inf"):
        raise ConfigError(f"--price {price}: it must be a number of dollars above 0")
    if price is not None and known is not Code.POSITION:
        raise ConfigError(f"--price says what shares went for, and {code} is about none; leave it out")
    arguments: dict[str, object] = {"code": str(known), "subject": subject}
    if price is not None:
        arguments["price_micros"] = to_micros(price)
    _send(CommandKind.ACKNOWLEDGE, run, who, why, as_json=as_json, arguments=arguments)


@control.command("cancel-all", epilog="Examples:  onetape cancel-all runs/live --why 'wrong limit prices' --who ada")
@reported
def cancel_all(run: RunArgument, why: WhyOption, who: WhoOption = None, as_json: JsonOption = False) -> None:
    """Cancel every working order that protects no position; trading goes on."""
    _send(CommandKind.CANCEL_ALL, run, who, why, as_json=as_json)


@control.command(
    epilog="Examples:  onetape flatten runs/live --why 'out of the market'   ·   afterwards:  onetape resume runs/live --why …"
)
@reported
def flatten(run: RunArgument, why: WhyOption, who: WhoOption = None, as_json: JsonOption = False) -> None:
    """Halt, cancel what protects nothing, and leave every position at market."""
    _send(CommandKind.FLATTEN, run, who, why, as_json=as_json)


@control.command(
    epilog="Examples:  onetape override guards.max_daily_loss_pct 0.04 runs/live --for 2h --confirm 1234 --why 'the index event'   ·   "
    "onetape override limits.max_positions 3 runs/live --for 30m --confirm 1234 --why 'fewer for now'"
)
@reported
def override(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A limit, a sizing cap or a breaker, with its section.")],
    value: Annotated[float, typer.Argument(metavar="VALUE", help="As it would stand in the config.")],
    run: RunArgument,
    why: WhyOption,
    length: Annotated[str, typer.Option("--for", metavar="TIME", help="For how long, at most a week: 90s, 30m, 2h.")],
    confirm: Annotated[str, typer.Option(metavar="1234", help="The account's last four; a live session refuses it without.")] = "",
    who: WhoOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a limit, a sizing cap or a breaker otherwise for a while; a breaker that has tripped by it is released."""
    from framework.app.commands.lengths import length_of
    from framework.engine.overrides import checked

    seconds = (length_of(length) or 0) / 1_000_000_000
    checked(name, value, seconds)
    arguments = {"name": name, "value": value, "seconds": seconds, "confirm": confirm}
    _send(CommandKind.OVERRIDE, run, who, why, as_json=as_json, arguments=arguments)


@control.command(epilog="Examples:  onetape rotate runs/live --why 'before the upgrade'")
@reported
def rotate(run: RunArgument, why: WhyOption, who: WhoOption = None, as_json: JsonOption = False) -> None:
    """Let the session begin its log files anew; the old ones are kept as when they are full."""
    _send(CommandKind.ROTATE, run, who, why, as_json=as_json)


@control.command(epilog="Examples:  onetape heartbeat runs/live   ·   in cron:  0 9 * * 1-5  onetape heartbeat /srv/bot/runs/live")
@reported
def heartbeat(run: RunArgument, why: WhyOption = "I am here", who: WhoOption = None, as_json: JsonOption = False) -> None:
    """Tell the session that its operator is there; with [session] operator_hours, silence stops entries."""
    _send(CommandKind.HEARTBEAT, run, who, why, as_json=as_json)


def _send(
    kind: CommandKind, run: str, who: str | None, why: str, *, as_json: bool, arguments: Mapping[str, object] = MappingProxyType({})
) -> None:
    from framework.app.folders.tape_place import tape_place
    from framework.domain.command import OperatorCommand
    from framework.runtime.control.sending import send_command

    place, halt_file = tape_place(run)
    command = OperatorCommand(kind, getpass.getuser() if who is None else who, why, arguments=arguments)
    sent = send_command(place, command, halt_file)
    if as_json:
        found = {"command": kind.value, "sequence": sent.sequence, "halt_file": sent.halt_file and str(sent.halt_file)}
        typer.echo(json.dumps(found | {"trouble": sent.trouble, "heard": sent.heard}))
        return
    if sent.halt_file is not None:
        typer.echo(f"wrote {sent.halt_file}: it halts as long as it is there")
    if sent.sequence is None:
        typer.echo(f"warning: the tape did not take the command: {sent.trouble}", err=True)
    elif sent.heard is False:
        typer.echo(f"{kind.value} is event {sent.sequence} of the tape")
        typer.echo("warning: no process trades on this tape now: nothing is done before the session is gone on with (--resume)", err=True)
    else:
        typer.echo(f"{kind.value} is event {sent.sequence} of the tape; the process that trades takes it at its next turn")
