"""The condition a combination must meet, such as ``fast < slow``: read into functions of our own, never run as Python."""

from __future__ import annotations

import ast
import difflib
import operator
import warnings
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.research.trial import Params, Value

LONGEST = 1_000
_ARITHMETIC = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.FloorDiv: operator.floordiv,
        ast.Mod: operator.mod,
    }
)
_ORDER = MappingProxyType({ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge})
_EQUAL = MappingProxyType({ast.Eq: operator.eq, ast.NotEq: operator.ne})
_CALLS: Mapping[str, Callable[..., Any]] = MappingProxyType({"abs": abs, "min": min, "max": max})
_ALLOWED = "numbers, text, parameter names, + - * / // %, < <= > >= == !=, in (...), and, or, not, abs, min, max"


class _Part(NamedTuple):
    """A piece of the condition: its value for given parameters, and whether that is a number, text or a truth."""

    value: Callable[[Params], Any]
    kind: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What ``text`` demands of the parameters; ``fixed`` are those that are not searched."""

    text: str
    fixed: Params
    part: _Part

    def __call__(self, params: Params) -> bool:
        """Whether ``params`` meet it.

        Raises:
            ConfigError: It divides by zero for them.
        """
        try:
            return bool(self.part.value({**self.fixed, **params}))
        except (ZeroDivisionError, OverflowError) as error:
            given = ", ".join(f"{name}={value}" for name, value in params.items())
            raise ConfigError(
                f"--where {self.text!r} has no answer for {given}: {error}; leave that case out before it, with and"
            ) from None


def condition(text: str, params: Params) -> Condition:
    """The condition ``text`` over ``params``, all parameters with values of their types.

    Raises:
        ConfigError: It is not a condition, or uses what is not allowed in one.
    """
    if len(text) > LONGEST:
        raise ConfigError(f"--where has {len(text):,} characters; {LONGEST:,} at most")
    try:
        with warnings.catch_warnings(action="ignore"):  # such as those about "5and"
            part = _Reader(text, params).part(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it cannot be read"
        raise ConfigError(f"--where {text!r}: {reason}; write a condition such as 'fast < slow and slow % 10 == 0'") from None
    if part.kind != "truth":
        raise ConfigError(f"--where {text!r} is a {part.kind}, not a condition; compare it with something, such as 'fast < slow'")
    return Condition(text, params, part)


class _Reader:
    """Turns a syntax tree into parts; whatever has no rule here is refused."""

    def __init__(self, text: str, params: Params) -> None:
        self._text = text
        self._params = params

    def part(self, node: ast.expr) -> _Part:
        rules: tuple[tuple[type, Callable[[Any], _Part]], ...] = (
            (ast.Constant, self._constant),
            (ast.Name, self._name),
            (ast.UnaryOp, self._unary),
            (ast.BinOp, self._arithmetic),
            (ast.BoolOp, self._logic),
            (ast.Compare, self._comparison),
            (ast.Call, self._call),
        )
        rule = next((rule for kind, rule in rules if isinstance(node, kind)), None)
        if rule is None:
            raise self._refusal(node)
        return rule(node)

    def _refusal(self, node: ast.AST) -> ConfigError:
        shown = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
        return ConfigError(f"--where {self._text!r}: {shown!r} is not allowed in a condition; allowed are {_ALLOWED}")

    def _mixed(self, node: ast.expr, wanted: str) -> ConfigError:
        return ConfigError(f"--where {self._text!r}: {ast.unparse(node)!r} must be {wanted}")

    def _numbers(self, nodes: list[ast.expr]) -> list[Callable[[Params], Any]]:
        parts = [self.part(node) for node in nodes]
        for node, part in zip(nodes, parts, strict=True):
            if part.kind != "number":
                raise self._mixed(node, f"a number; it is a {part.kind}")
        return [part.value for part in parts]

    def _constant(self, node: ast.Constant) -> _Part:
        value = node.value
        if not isinstance(value, bool | int | float | str):
            raise self._refusal(node)
        return _Part(lambda _: value, _kind(value))

    def _name(self, node: ast.Name) -> _Part:
        name = node.id
        # As TOML writes them.
        if name in {"true", "false"} and name not in self._params:
            return _Part(lambda _: name == "true", "truth")
        if name not in self._params:
            near = difflib.get_close_matches(name, self._params, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self._params)}"
            raise ConfigError(f"--where {self._text!r}: there is no parameter {name!r}; {hint}")
        return _Part(operator.itemgetter(name), _kind(self._params[name]))

    def _unary(self, node: ast.UnaryOp) -> _Part:
        if isinstance(node.op, ast.Not):
            (truth,) = self._truths([node.operand])
            return _Part(lambda params: not truth(params), "truth")
        if not isinstance(node.op, ast.USub | ast.UAdd):
            raise self._refusal(node)
        (number,) = self._numbers([node.operand])
        return _Part(lambda params: -number(params), "number") if isinstance(node.op, ast.USub) else _Part(number, "number")

    def _arithmetic(self, node: ast.BinOp) -> _Part:
        apply = _ARITHMETIC.get(type(node.op))
        if apply is None:
            raise self._refusal(node)
        left, right = self._numbers([node.left, node.right])
        return _Part(lambda params: apply(left(params), right(params)), "number")

    def _truths(self, nodes: list[ast.expr]) -> list[Callable[[Params], Any]]:
        parts = [self.part(node) for node in nodes]
        for node, part in zip(nodes, parts, strict=True):
            if part.kind != "truth":
                raise self._mixed(node, f"a condition; it is a {part.kind}")
        return [part.value for part in parts]

    def _logic(self, node: ast.BoolOp) -> _Part:
        truths = self._truths(node.values)
        combine = all if isinstance(node.op, ast.And) else any
        return _Part(lambda params: combine(truth(params) for truth in truths), "truth")

    def _comparison(self, node: ast.Compare) -> _Part:
        sides = [node.left, *node.comparators]
        links = [self._link(left, op, right) for left, op, right in zip(sides, node.ops, sides[1:], strict=False)]
        return _Part(lambda params: all(link(params) for link in links), "truth")

    def _link(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Callable[[Params], bool]:
        if isinstance(op, ast.In | ast.NotIn):
            return self._membership(left, right, wanted=isinstance(op, ast.In))
        compare = _ORDER.get(type(op)) or _EQUAL.get(type(op))
        if compare is None:
            raise self._refusal(op)
        first, second = self.part(left), self.part(right)
        if first.kind != second.kind:
            raise self._mixed(right, f"a {first.kind} like {ast.unparse(left)!r}; it is a {second.kind}")
        return lambda params: compare(first.value(params), second.value(params))

    def _membership(self, left: ast.expr, right: ast.expr, *, wanted: bool) -> Callable[[Params], bool]:
        if not isinstance(right, ast.Tuple | ast.List):
            raise self._mixed(right, "a list such as (5, 10, 20)")
        equals = [self._link(left, ast.Eq(), one) for one in right.elts]
        return lambda params: any(equal(params) for equal in equals) is wanted

    def _call(self, node: ast.Call) -> _Part:
        apply = _CALLS.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if apply is None or node.keywords or len(node.args) < 1 or (apply is abs) is not (len(node.args) == 1):
            raise self._refusal(node)
        numbers = self._numbers(node.args)
        return _Part(lambda params: apply(*(number(params) for number in numbers)), "number")


def _kind(value: Value) -> str:
    return "truth" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
