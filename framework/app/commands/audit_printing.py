"""What audits found, as a person and as JSON read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framework.app.audits.lookahead import FUTURES

if TYPE_CHECKING:
    from framework.app.audits.lookahead import LookaheadAudit
    from framework.app.audits.montecarlo import MonteCarloAudit
    from framework.app.audits.overfit import OverfitAudit


def lookahead_report(found: LookaheadAudit) -> dict[str, object]:
    """What ``onetape audit lookahead --json`` prints; times are ns UTC."""
    return {
        "strategy": found.strategy,
        "passed": found.passed,
        "verdict": found.verdict,
        "cuts": found.cuts,
        "futures": list(FUTURES),
        "compared": found.compared,
        "silent": dict(found.silent),
        "first_difference": None if found.first is None else found.first._asdict(),
    }


def overfit_lines(found: OverfitAudit) -> str:
    """What ``onetape audit overfit`` prints."""
    told: dict[str, Any] = found.summary
    params = ", ".join(f"{name}={value}" for name, value in found.params.items())
    lines = [
        f"{found.strategy}({params}), the best of {found.trials:,} trials; {found.known:,} of this strategy over these bars are known",
        f"Sharpe ratio {_number(told['sharpe'])}; the best of so many worthless trials would show {_number(told['expected_best_sharpe'])}",
        f"deflated Sharpe ratio {_number(told['deflated_sharpe'])}: the probability that it is not luck; {found.confidence:g} is demanded",
        f"  {_number(told['deflated_sharpe_effective'])} if alike trials count as {_number(told['effective_trials'])} independent ones",
        f"probability of overfitting {_number(told['pbo'])}: the best of one half below the median in the other; {found.most:g} at most",
        *told["notes"],
        "passed" if found.passed else "not passed: what was chosen may be luck",
    ]
    return "\n".join(lines)


def montecarlo_lines(found: MonteCarloAudit) -> str:
    """What ``onetape audit montecarlo`` prints."""
    told: dict[str, Any] = found.summary
    lines = [f"{found.strategy}, {found.paths:,} paths of its days in blocks of {found.block:g}, and of its trades"]
    for name in ("days", "trades"):
        if (drawn := told[name]) is not None:
            spans = (f"{title} {_span(drawn[key])}" for key, title in (("total_return", "return"), ("max_drawdown", "drawdown")))
            lines.append(f"{name}: loss in {drawn['loss_probability']:.1%} of the paths; 5 / 50 / 95 %: {', '.join(spans)}")
    lines += [f"{one.scenario} on {one.day}: {one.fall:.1%}, the market {one.market:.1%}" for one in found.stresses]
    lines += told["notes"]
    bounds = f"losses in {found.bounds.loss_probability:.0%} of the paths, a fall of {found.bounds.drawdown:.0%}"
    lines.append(f"passed: at most {bounds}" if found.passed else f"not passed: at most {bounds} were allowed")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _span(quantiles: dict[str, float]) -> str:
    return " / ".join(f"{value:+.1%}" for value in quantiles.values())
