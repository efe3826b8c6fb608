"""A session that goes on unattended: it renews itself, never asks anybody anything, and says when a person is needed."""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from brokers.robinhood.grants import Verdict, granted, refresh_form
from framework.domain.request import Priority
from framework.errors import AuthenticationError, OnetapeError, SafetyError, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from brokers.robinhood.tokens import SessionFile, Tokens
    from brokers.robinhood.wire import Wire
    from framework.domain.secret import Secret
    from framework.engine.network import RequestBudget


class SessionState(StrEnum):
    """Whether requests are answered, and what it takes."""

    LOGGED_OUT = "logged_out"  # not started
    ACTIVE = "active"
    STALE = "stale"  # the venue refused the token; the next read renews it
    LOCKED = "locked"  # too many logins: it is tried again later
    NEEDS_PERSON = "needs_person"  # only `onetape login` helps


class Session:
    """The token of all requests. Renewals are counted by ``attempts``, whose memory outlives the process.

    Args:
        wire: To the venue.
        file: Where the tokens are.
        attempts: How often a login may be tried.
        now: ns UTC.
        alert: Hears what a person has to do.

    Attributes:
        state: What the session can do.
        generation: Counts the pairs of tokens that were used.
    """

    def __init__(
        self, wire: Wire, file: SessionFile, attempts: RequestBudget, now: Callable[[], int], alert: Callable[[str], object]
    ) -> None:
        self._wire, self._file, self._attempts, self._now, self._alert = wire, file, attempts, now, alert
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None
        #: Access tokens of pairs that were exchanged, worth nothing any more, and the pair that the file did not take.
        self._spent: list[Secret] = []
        self._unkept: Tokens | None = None
        #: What was said of the session since it was active.
        self._told: SessionState | None = None
        self._why = ""
        self.state = SessionState.LOGGED_OUT
        self.generation = 0

    @property
    def is_active(self) -> bool:
        """Whether requests are likely to be answered."""
        return self.state in (SessionState.ACTIVE, SessionState.STALE)

    def start(self) -> None:
        """Take the tokens up, renewed if they are old.

        Raises:
            AuthenticationError: There are none, or they cannot be renewed; the message says what to do.
        """
        tokens = self._file.load()
        if tokens is None:
            raise AuthenticationError("nobody is logged in to Robinhood on this machine; run `onetape login`")
        self._use(tokens)
        if tokens.is_old(self._now()) and not self.renew() and self.state is SessionState.NEEDS_PERSON:
            raise AuthenticationError(self._why)

    def tick(self) -> None:
        """Called now and then: renew what is old or was refused, long before anything waits for it."""
        tokens = self._tokens
        if self._unkept is not None:
            self._keep(self._unkept)
        if self.state is SessionState.NEEDS_PERSON:
            self._take_up_new()
        elif tokens is not None and (self.state is not SessionState.ACTIVE or tokens.is_old(self._now())):
            self.renew()

    def refused(self) -> None:
        """The venue refused the token; it is renewed at the next occasion, not in the middle of an order."""
        if self.state is SessionState.ACTIVE:
            self.state = SessionState.STALE

    def renew(self, refused: int | None = None) -> bool:
        """Get the next pair, once for all threads and processes; whether there is one to go on with.

        ``refused`` is the ``generation`` that the venue did not accept, by default the present one; where there is a later pair already it
        is not renewed again.
        """
        known = self.generation if refused is None else refused
        with self._lock:
            if self.generation != known:
                return self.is_active
            before = self._tokens
            if before is None or self.state is SessionState.NEEDS_PERSON:
                return self._take_up_new()
            try:
                with self._file.locked():
                    return self._take_up_new() or self._exchange(before)
            except (OnetapeError, OSError) as error:  # whoever trades goes on; what comes back says that it waits
                self._ends(SessionState.STALE, f"the session could not be renewed: {error}; it is tried again")
                return False

    def _take_up_new(self) -> bool:
        """Use what another process, or a person, has put into the file since."""
        try:
            found = self._file.load()
        except (AuthenticationError, SafetyError, OSError):
            return False
        if found is None or found.access in self._spent or (self._tokens is not None and found.access == self._tokens.access):
            return False
        self._use(found)
        return True

    def _exchange(self, tokens: Tokens) -> bool:
        try:
            with self._attempts.slot(Priority.PROTECTION, patience=0.0):
                grant = granted(
                    self._wire.post_form("/oauth2/token/", refresh_form(tokens), Priority.PROTECTION), tokens.device, self._now()
                )
        except ThrottledError as error:
            self._ends(SessionState.LOCKED, f"logins were tried too often; the session is renewed in {error.retry_after:.0f} s")
            return False
        if grant.tokens is not None:
            # The old pair is worth nothing any more: nothing comes before this.
            self._spent.append(tokens.access)
            self._keep(grant.tokens)
            self._use(grant.tokens)
            return True
        if grant.verdict is Verdict.THROTTLED:
            seconds = self._attempts.refused(grant.hint)
            self._ends(SessionState.LOCKED, f"Robinhood takes no login now; the session is renewed in {seconds:.0f} s")
        elif grant.verdict is Verdict.NO_ANSWER:
            self._ends(SessionState.STALE, f"the session could not be renewed: {grant.reason}; it is tried again")
        else:
            cut_off = "or the answer to a renewal was lost, or the process that had asked for it was killed before it was kept"
            words = f"the session at Robinhood has ended ({grant.reason}): it was ended there, {cut_off}; run `onetape login`"
            self._ends(SessionState.NEEDS_PERSON, words)
        return False

    def _keep(self, tokens: Tokens) -> None:
        """Put ``tokens`` into the file; one that does not take them is tried again at each tick."""
        try:
            self._file.save(tokens)
        except (SafetyError, OSError) as error:
            if self._unkept is not tokens:
                self._alert(f"the new tokens of Robinhood cannot be kept: {error}. This session goes on; the next needs `onetape login`")
            self._unkept = tokens
        else:
            self._unkept = None

    def _use(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.generation += 1
        self._wire.authorize(tokens.access)
        self.state, self._told = SessionState.ACTIVE, None

    def _ends(self, state: SessionState, words: str) -> None:
        if state is not self._told:
            self._alert(words)
        self.state = self._told = state
        self._why = words
