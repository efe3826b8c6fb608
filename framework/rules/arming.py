"""May an order for real money leave? Only with a leave that an operator gave: for one account, up to an amount, for some hours."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from decimal import Decimal
from typing import NamedTuple

from framework.domain.values import MICRO, from_micros
from framework.errors import NotArmedError

HOUR = 3_600_000_000_000
#: A leave ends with the session it was given for.
MOST_HOURS = 24
_PHRASE = re.compile(r"LIVE (\w{4}) (\d{1,9}(?:\.\d{1,2})?) (\d{1,2})", re.ASCII)


class ArmToken(NamedTuple):
    """An operator's leave to send orders.

    Attributes:
        account_hash: Of the account it is for (``account_hash``).
        most_micros: Micro-dollars that may be bought for in all.
        given_at: ns UTC.
        expires_at: ns UTC.
        signature: Over the rest, under the key of the machine.
    """

    account_hash: str
    most_micros: int
    given_at: int
    expires_at: int
    signature: str = ""

    def text(self) -> str:
        """The token as it is kept."""
        return json.dumps(self)


def account_hash(number: str) -> str:
    """What names an account without showing it."""
    return hashlib.sha256(f"account|{number}".encode()).hexdigest()[:16]


def arm(phrase: str, account: str, now: int, key: bytes) -> ArmToken:
    """The token for what an operator typed: ``LIVE <last four of the account> <most dollars to buy for> <hours>``.

    Raises:
        NotArmedError: It is another phrase, another account or too long.
    """
    found = _PHRASE.fullmatch(phrase.strip())
    if found is None:
        raise NotArmedError(
            "not armed: type LIVE, the account's last four characters, the most dollars to buy for, and hours: LIVE 1234 5000 7"
        )
    last, dollars, hours = found[1], Decimal(found[2]), int(found[3])
    if not account.endswith(last):
        raise NotArmedError(f"not armed: the account in the config does not end in {last}")
    if not 0 < hours <= MOST_HOURS:
        raise NotArmedError(f"not armed: {hours} hours; a leave is given for 1 to {MOST_HOURS}")
    token = ArmToken(account_hash(account), int(dollars * MICRO), now, now + hours * HOUR)
    return token._replace(signature=_signed(token, key))


def read_token(text: str) -> ArmToken:
    """The token that was kept as ``text``.

    Raises:
        NotArmedError: It is none.
    """
    try:
        hashed, most, given, expires, signature = json.loads(text)
        return ArmToken(str(hashed), int(most), int(given), int(expires), str(signature))
    except (ValueError, TypeError):
        raise NotArmedError("not armed: what was kept is no arm token; arm again") from None


def check_token(token: ArmToken, account: str, now: int, key: bytes) -> None:
    """Refuse a token that does not hold ``now`` for ``account``.

    Raises:
        NotArmedError: With the reason.
    """
    if not hmac.compare_digest(token.signature, _signed(token, key)):
        raise NotArmedError("not armed: the arm token was not given on this machine, or was changed")
    if token.account_hash != account_hash(account):
        raise NotArmedError("not armed: the arm token is for another account")
    if not token.given_at <= now < token.expires_at or token.expires_at - token.given_at > MOST_HOURS * HOUR:
        raise NotArmedError("not armed: the arm token has expired; arm again")


def check_amount(token: ArmToken, bought_micros: int, wanted_micros: int) -> None:
    """Refuse a purchase that would take what was bought under ``token`` above its amount.

    Raises:
        NotArmedError: It would.
    """
    if wanted_micros < 0 or bought_micros + wanted_micros > token.most_micros:
        raise NotArmedError(
            f"not armed for this: {from_micros(bought_micros)} dollars were bought for, {from_micros(wanted_micros)} more would be above "
            f"the {from_micros(token.most_micros)} that were allowed"
        )


def _signed(token: ArmToken, key: bytes) -> str:
    return hmac.new(key, json.dumps(token[:-1]).encode(), hashlib.sha256).hexdigest()
