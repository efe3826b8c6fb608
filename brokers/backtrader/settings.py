"""What a script tells backtrader's own broker, and who decides it here: cash, costs and fills are in the config, the same in every mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt

from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


class Settings(bt.BrokerBase):
    """The setters of backtrader's broker: those that change nothing here pass, the others are refused with the key to use."""

    params = (
        ("cash", 10_000.0),
        ("checksubmit", True),
        ("eosbar", False),
        ("filler", None),
        ("slip_perc", 0.0),
        ("slip_fixed", 0.0),
        ("slip_open", False),
        ("slip_match", True),
        ("slip_limit", True),
        ("slip_out", False),
        ("coc", False),
        ("coo", False),
        ("int2pnl", True),
        ("shortcash", True),
        ("fundstartval", 100.0),
        ("fundmode", False),
    )

    #: Keeps a line for the run's warnings.
    _note: Callable[[str], None]

    # --- cash

    def set_cash(self, cash: float) -> None:
        """Refuse any cash but the configured one."""
        if cash != self.p.cash:
            raise ConfigError(f"broker.setcash({cash:g}): cash is [account] cash = {self.p.cash:g}; write it there")

    setcash = set_cash

    def add_cash(self, cash: float) -> None:
        """Refuse money paid in or out during a run."""
        raise ConfigError(f"broker.add_cash({cash:g}): money paid in or out during a run is not simulated")

    def set_fund_history(self, fund: object) -> None:
        """Refuse a fund's own history of values."""
        _refuse("set_fund_history", fund, "values are those of the account; compare with [report] figures instead")

    # --- costs

    def setcommission(self, commission: float = 0.0, name: str | None = None, **scheme: Any) -> None:
        """Keep the scheme for what a strategy asks of it; what is charged is [fills] fees."""
        self.addcommissioninfo(bt.CommInfoBase(commission=commission, **{"percabs": True, **scheme}), name)

    def addcommissioninfo(self, comminfo: Any, name: str | None = None) -> None:
        """As ``setcommission``.

        Raises:
            ConfigError: The scheme is not one of a share: margin, a multiplier, leverage or interest.
        """
        odd = [key for key, plain in _OF_A_SHARE if getattr(comminfo.p, key, plain) not in {plain, None}]
        if odd or not comminfo.stocklike:
            raise ConfigError(f"broker commission with {', '.join(odd) or 'margin'}: only shares are traded here, without leverage")
        self.comminfo[name] = comminfo
        if comminfo.p.commission:
            self._note(f"commission = {comminfo.p.commission:g} set by the strategy is not charged; what is charged is [fills] fees")

    def set_slippage_perc(self, perc: float, *_: Any, **__: Any) -> None:
        """Refuse slippage that is not the configured one."""
        _passes("set_slippage_perc", perc, harmless=0.0, instead='[fills] slippage = { model = "bps", bps = ... }')

    def set_slippage_fixed(self, fixed: float, *_: Any, **__: Any) -> None:
        """Refuse slippage that is not the configured one."""
        _passes("set_slippage_fixed", fixed, harmless=0.0, instead='[fills] slippage = { model = "bps", bps = ... }')

    # --- fills

    def set_filler(self, filler: Callable[..., float] | None) -> None:
        """Refuse a filler: how much of a bar may be traded is configured."""
        _passes("set_filler", filler, harmless=None, instead="[fills] max_volume_share")

    def set_coc(self, coc: bool) -> None:  # noqa: FBT001 - backtrader's signature
        """Refuse cheat-on-close: a decision that needs the close cannot trade at it."""
        _passes("set_coc", coc, harmless=False, instead="a Close order, decided before the close")

    def set_coo(self, coo: bool) -> None:  # noqa: FBT001 - backtrader's signature
        """Refuse cheat-on-open: a decision that needs the open cannot trade at it."""
        _passes("cheat_on_open", coo, harmless=False, instead="next(), which trades at the next open")

    def set_checksubmit(self, checksubmit: bool) -> None:  # noqa: FBT001 - backtrader's signature
        """Refuse to leave orders unchecked."""
        _passes("set_checksubmit", checksubmit, harmless=True, instead="nothing: every order is checked before it is sent")

    def set_shortcash(self, shortcash: bool) -> None:  # noqa: FBT001 - backtrader's signature
        """Refuse another view of the cash of a short sale than the account's."""
        _passes("set_shortcash", shortcash, harmless=True, instead="nothing: cash is what the account holds")

    def set_eosbar(self, eosbar: bool) -> None:  # noqa: FBT001 - backtrader's signature
        """Take either: a Close order fills at the close of the session's last bar, whatever it is stamped."""
        self.p.eosbar = eosbar

    seteosbar = set_eosbar

    def set_int2pnl(self, int2pnl: bool) -> None:  # noqa: FBT001 - backtrader's signature
        """Take either: interest is booked by [account], apart from trades."""
        self.p.int2pnl = int2pnl

    # --- the fund view, which only shows the same value per share

    def set_fundmode(self, fundmode: bool, fundstartval: float | None = None) -> None:  # noqa: FBT001 - backtrader's signature
        """Show values per fund share to analyzers, or not."""
        self.p.fundmode = fundmode
        if fundstartval is not None:
            self.set_fundstartval(fundstartval)

    def get_fundmode(self) -> bool:
        """Whether analyzers see values per fund share."""
        return bool(self.p.fundmode)

    fundmode = property(get_fundmode, set_fundmode)

    def set_fundstartval(self, fundstartval: float) -> None:
        """Value of a fund share at the start, dollars."""
        self.p.fundstartval = fundstartval

    def add_order_history(self, orders: object, notify: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - backtrader's signature
        """Refuse executions that were decided before: nothing is filled at a price that the market was not asked for."""
        _refuse("add_order_history", orders, "orders of a strategy, which the market fills")


#: What makes a commission scheme other than that of a share, and the value that does not.
_OF_A_SHARE = (("mult", 1.0), ("leverage", 1.0), ("interest", 0.0), ("interest_long", False), ("automargin", False), ("margin", None))


def _passes(name: str, value: object, *, harmless: object, instead: str) -> None:
    if value != harmless:
        _refuse(name, value, instead)


def _refuse(name: str, value: object, instead: str) -> None:
    shown = value if isinstance(value, bool | int | float | str) else type(value).__name__
    raise ConfigError(f"backtrader's {name}({shown}) is not simulated; use {instead}")
