"""From a file and the environment to a config, or to one message."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import tomli_w
import yaml
from hypothesis import given
from hypothesis import strategies as st

from framework.errors import ConfigError, SecretInConfigError
from framework.runtime.config import Config
from framework.runtime.loading import load_config, validated

TREE = {
    "strategy": {"class": "strategies.sma_cross:SmaCross", "params": {"fast": 10, "share": 0.5, "name": "x", "on": True}},
    "universe": {"symbols": ["MSFT", "AAPL", "BRK.B"]},
    "data": {"source": "csv", "path": "bars", "start": date(2006, 1, 3), "end": date(2006, 6, 30), "policy": {"gap": "accept"}},
    "account": {"cash": 50_000},
    "fills": {"slippage": {"model": "bps", "bps": 5}, "fees": {"per_share": 0.005}},
    "guards": {},
}


def written(folder: Path, text: str | bytes, name: str = "onetape.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def load(folder: Path, tree: object = None, **environment: str) -> Config:
    return load_config(written(folder, tomli_w.dumps(TREE if tree is None else tree)), environment)


def answer(tree: dict[str, object]) -> str | None:
    """What is said of ``tree``; nothing when it is a config, which is one again when written and read."""
    try:
        config = validated(tree, "c.toml")
    except ConfigError as error:
        return str(error)
    assert Config.model_validate(config.model_dump(by_alias=True)) == config
    return None


def refusal(tree: dict[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        validated({"strategy": {"class": "a:B"}, "universe": {"symbols": ["AAPL"]}, **tree}, "c.toml")
    return str(caught.value)


def test_toml_json_and_yaml_of_one_tree_are_one_config(tmp_path):
    plain = json.loads(json.dumps(TREE, default=str))
    texts = {"c.toml": tomli_w.dumps(TREE), "c.json": json.dumps(plain), "c.yaml": yaml.safe_dump(TREE), "c.yml": yaml.safe_dump(plain)}
    configs = [load_config(written(tmp_path, text, name), {}) for name, text in texts.items()]
    assert configs == [configs[0]] * 4
    assert configs[0].data.start == date(2006, 1, 3)
    assert configs[0].strategy.params == TREE["strategy"]["params"]
    assert [type(value) for value in configs[0].strategy.params.values()] == [int, float, str, bool]


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"\r\n"])
def test_what_an_editor_on_windows_writes_is_read(tmp_path, start):
    text = tomli_w.dumps(TREE).replace("\n", "\r\n").encode()
    assert load_config(written(tmp_path, start + text), {}) == load(tmp_path)


def test_symbols_are_sorted_and_values_never_change(tmp_path):
    config = load(tmp_path)
    assert config.universe.symbols == ("AAPL", "BRK.B", "MSFT")
    with pytest.raises(ValueError, match="frozen"):
        config.account.cash = 1.0


def test_a_relative_path_is_relative_to_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    limits = {**TREE, "limits": {"sectors_file": "mine.csv", "max_positions": 3}}
    assert load(tmp_path, limits).limits.sectors_file == tmp_path / "mine.csv"
    assert (load(tmp_path, limits).limits.max_positions, load(tmp_path).limits.sectors_file) == (3, None)
    assert load(tmp_path).data.path == tmp_path / "bars"
    assert load(tmp_path, {**TREE, "data": {"path": "/data/bars"}}).data.path == Path("/data/bars")


def test_what_is_left_out_has_the_contract_s_default():
    config = validated({"strategy": {"class": "a:B"}, "universe": {"symbols": ["AAPL"]}}, "c")
    assert (config.mode, config.data.source, config.broker.name, config.stops.attach) == ("backtest", "sample", "robinhood", "entries")
    assert (config.limits.profile, config.engine.name, config.sizing.method) == ("conservative", "auto", "var")
    assert (config.sizing.max_position_var_pct, config.sizing.max_portfolio_var_pct, config.sizing.min_position_value) == (0.005, 0.02, 100)
    assert (config.fills.path, config.fills.limit_fill, config.fills.max_volume_share, config.fills.fees) == (
        "pessimistic",
        "touch",
        0.10,
        "venue",
    )
    assert (config.fills.slippage.model, config.fills.slippage.bps, config.fills.compat) == ("bps", 2, "none")


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({"unverse": {}}, "unknown section [unverse]; did you mean 'universe'?"),
        ({"mod": "x"}, "unknown key mod; did you mean 'mode'?"),
        ({"strategy": {"class": "a:B", "param": {}}}, "unknown key [strategy] param; did you mean 'params'?"),
        ({"strategy": {"clas": "a:B"}}, "unknown key [strategy] clas; did you mean 'class'?"),
        ({"universe": {"symbols": ["A"], "symbol": "A"}}, "unknown key [universe] symbol; did you mean 'symbols'?"),
        ({"data": {"surce": "csv"}}, "unknown key [data] surce; did you mean 'source'?"),
        ({"account": {"Cash": 1}}, "unknown key [account] Cash; did you mean 'cash'?"),
        ({"sizing": {"lookback": 1}}, "unknown key [sizing] lookback; did you mean 'lookback_days'?"),
        ({"stops": {"atr_mult": 1}}, "unknown key [stops] atr_mult; did you mean 'atr_multiple'?"),
        ({"fills": {"slippage": {"bp": 1}}}, "unknown key [fills] slippage.bp; did you mean 'bps'?"),
        ({"fills": {"fees": {"rates": 1}}}, "unknown key [fills] fees.rates; did you mean 'rate'?"),
        ({"engine": {"nme": "auto"}}, "unknown key [engine] nme; did you mean 'name'?"),
        ({"engine": {"zzz": "auto"}}, "unknown key [engine] zzz; known there: name"),
        ({"tape": {"zzz": 1}}, "unknown key [tape] zzz; known there: url"),
        ({"symbols": ["AAPL"]}, "unknown key symbols; it belongs below [universe]"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_name(tree, says):
    assert says in refusal(tree)


@pytest.mark.parametrize(
    ("section", "key", "value", "says"),
    [
        ("account", "cash", "x" * 500, f'[account] cash = "{"x" * 59}...: must be a number, without quotes'),
        ("account", "cash", [], "[account] cash = []: must be a number, without quotes"),
        ("account", "cash", None, "[account] cash = null: must be a number, without quotes"),
        ("data", "path", 5, "[data] path = 5: must be the name of a file or folder, in quotes"),
        ("data", "start", True, "[data] start = true: must be a date that exists, written as 2005-01-31"),
        ("data", "calendar", 5, "[data] calendar = 5: must be text, in quotes"),
        ("data", "policy", 5, "[data] policy = 5: must be a table of keys and values"),
        ("data", "source", "cvs", "[data] source = \"cvs\": choose sample, csv, parquet, catalog, robinhood; did you mean 'csv'?"),
        ("sizing", "confidence", 1, "[sizing] confidence = 1: must be below 1"),
        ("sizing", "max_position_pct", 0, "[sizing] max_position_pct = 0: must be above 0"),
        ("sizing", "lookback_days", "many", '[sizing] lookback_days = "many": must be a whole number, without quotes'),
        ("fills", "slippage", 5, "[fills] slippage = 5: must be a table of keys and values"),
        ("fills", "fees", {"rate": 5}, "[fills] fees.rate = 5: must be at most 0.1"),
        ("limits", "max_position_pct", 20, "[limits] max_position_pct = 20: must be at most 1 (a fraction: 0.05 means 5 %)"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(section, key, value, says):
    assert refusal({section: {key: value}}) == f"c.toml: {says}"


def test_no_message_is_pydantic_s_own():
    """Every field of every section is given what it cannot be; none of the answers is a raw one."""
    raw, asked = ("nput", "valid ", "instance", "pydantic"), 0
    wrong = (None, True, 5, -1.5, "zzz", [], ["x"], {}, {"zzz": 1}, float("nan"), date(2005, 1, 1))
    fields = [(section, key) for section, field in Config.model_fields.items() for key in getattr(field.annotation, "model_fields", {})]
    for section, key in fields:
        for value in wrong:
            message = answer({"strategy": {"class": "a:B"}, "universe": {"symbols": ["AAPL"]}, section: {key: value}})
            asked += message is not None
            assert not [word for word in raw if word in (message or "")], message
    assert asked > len(wrong) * len(fields) / 2


@pytest.mark.parametrize("name", ["password", "api_key", "ROBINHOOD_TOTP_SECRET", "access_token", "private_key", "mfa_code", "credentials"])
@pytest.mark.parametrize("place", ["top", "section", "params", "list"])
def test_a_secret_is_refused_wherever_it_stands(tmp_path, name, place):
    tree: dict[str, object] = json.loads(json.dumps(TREE, default=str))
    holders = {"top": tree, "section": tree["account"], "params": tree["strategy"]["params"], "list": {}}
    holders[place][name] = "an-example-only"
    if place == "list":
        tree["universe"]["symbols"] = [holders["list"]]
    with pytest.raises(SecretInConfigError) as caught:
        load(tmp_path, tree)
    assert name in str(caught.value)
    assert "an-example-only" not in str(caught.value)


def test_a_variable_cannot_smuggle_a_secret_into_the_run_folder(tmp_path):
    with pytest.raises(SecretInConfigError, match=r"\[strategy\] params.api_key"):
        load(tmp_path, ONETAPE__STRATEGY__PARAMS__API_KEY="an-example-only")


@pytest.mark.parametrize(
    ("variable", "text", "read", "value"),
    [
        ("ONETAPE__ACCOUNT__CASH", "75_000", lambda c: c.account.cash, 75_000),
        ("ONETAPE__SIZING__MAX_POSITION_PCT", ".05", lambda c: c.sizing.max_position_pct, 0.05),
        ("ONETAPE__DATA__START", "2006-02-01", lambda c: c.data.start, date(2006, 2, 1)),
        ("ONETAPE__UNIVERSE__SYMBOLS", '["IBM"]', lambda c: c.universe.symbols, ("IBM",)),
        ("ONETAPE__STRATEGY__PARAMS__FAST", "7", lambda c: c.strategy.params["fast"], 7),
        ("ONETAPE__FILLS__SLIPPAGE", "none", lambda c: c.fills.slippage.model, "none"),
        ("ONETAPE__FILLS__SLIPPAGE__BPS", "9", lambda c: c.fills.slippage.bps, 9),
        ("ONETAPE__ENGINE__NAME", "backtrader", lambda c: c.engine.name, "backtrader"),
        ("HRP_MAX_PORTFOLIO_VAR_PCT", "0.03", lambda c: c.sizing.max_portfolio_var_pct, 0.03),
        ("HRP_MAX_POSITION_VAR_PCT", "0.004", lambda c: c.sizing.max_position_var_pct, 0.004),
        ("HRP_USE_VAR_SIZING", "true", lambda c: c.sizing.method, "var"),
        ("HRP_USE_VAR_SIZING", "No", lambda c: c.sizing.method, "equal"),
        ("HRP_AUTO_STOP_LOSS_PCT", "0.07", lambda c: (c.stops.method, c.stops.percent), ("percent", 7.0)),
        ("HRP_AUTO_STOP_LOSS_PCT", "", lambda c: c.stops.method, "atr"),
    ],
)
def test_a_variable_overrides_the_file(tmp_path, variable, text, read, value):
    assert read(load(tmp_path, **{variable: text})) == value


def test_a_variable_of_ours_goes_before_an_alias(tmp_path):
    config = load(
        tmp_path, HRP_USE_VAR_SIZING="true", ONETAPE__SIZING__METHOD="equal", HRP_AUTO_STOP_LOSS_PCT="0.1", ONETAPE__STOPS__PERCENT="3"
    )
    assert (config.sizing.method, config.stops.method, config.stops.percent) == ("equal", "percent", 3)


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("ONETAPE__ACCOUNT__CASH", "lots", r'\[account\] cash = "lots" \(set by the variable ONETAPE__ACCOUNT__CASH\): must be a number'),
        ("ONETAPE__ACCOUNT__CSH", "1", r"unknown key \[account\] csh \(set by the variable ONETAPE__ACCOUNT__CSH\); did you mean 'cash'"),
        ("ONETAPE__MODE__X", "1", "ONETAPE__MODE__X sets a key below mode, which is a single value"),
        ("HRP_MAX_POSITION_VAR_PCT", "5", r"max_position_var_pct = 5 \(set by the variable HRP_MAX_POSITION_VAR_PCT\): must be at most 1"),
        ("HRP_USE_VAR_SIZING", "maybe", "HRP_USE_VAR_SIZING = 'maybe': must be true or false"),
        ("HRP_AUTO_STOP_LOSS_PCT", "five", "HRP_AUTO_STOP_LOSS_PCT = 'five': must be a number; 0.05 means 5 %"),
        ("HRP_AUTO_STOP_LOSS_PCT", "5", r"percent = 500.0 \(set by the variable HRP_AUTO_STOP_LOSS_PCT\): must be below 100"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path, variable, text, says):
    tree = {**TREE, "mode": "backtest"}
    with pytest.raises(ConfigError, match=says):
        load(tmp_path, tree, **{variable: text})


def test_an_env_file_beside_the_config_is_read_and_the_environment_goes_before_it(tmp_path, monkeypatch):
    path = written(tmp_path, tomli_w.dumps(TREE))
    env = "# a comment\n\nONETAPE__ACCOUNT__CASH=7000\nexport ONETAPE__SIZING__METHOD = 'equal'\nOTHER=\n"
    written(tmp_path, env, ".env")
    monkeypatch.setenv("ONETAPE__ACCOUNT__CASH", "8000")
    config = load_config(path)
    assert (config.account.cash, config.sizing.method) == (8000, "equal")


@pytest.mark.parametrize("text", ["an-example-only", "=an-example-only", "A B=an-example-only", b"A=\xff"])
def test_an_env_file_that_cannot_be_read_is_named_and_not_quoted(tmp_path, text):
    written(tmp_path, text, ".env")
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, tomli_w.dumps(TREE)))
    assert str(tmp_path / ".env") in str(caught.value)
    assert "an-example-only" not in str(caught.value)


def test_a_file_without_permission_is_named(tmp_path, monkeypatch):
    def refused(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)  # root may read everything
    with pytest.raises(ConfigError, match=r"onetape\.toml cannot be read: Permission denied; check its name and permissions"):
        load_config(tmp_path / "onetape.toml", {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = sorted(
    {*Config.model_fields, *(key for field in Config.model_fields.values() for key in getattr(field.annotation, "model_fields", {}))}
)


SECTIONS = st.dictionaries(st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(KEYS), JSON))


@given(SECTIONS, st.booleans())
def test_any_tree_is_a_config_or_one_clear_refusal(tree, whole):
    tree = tree | {"strategy": {"class": "a:B"}, "universe": {"symbols": ["AAPL"]}} if whole else tree
    message = answer(tree)
    assert message is None or message.startswith("c.toml: ")


@given(st.text(max_size=40))
def test_any_text_is_a_config_or_one_clear_refusal(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("any")
    for name in ("c.toml", "c.json", "c.yaml"):
        with pytest.raises(ConfigError, match=r"c\.(toml|json|yaml)"):
            load_config(written(folder, text.encode("utf-8", "replace"), name), {})
