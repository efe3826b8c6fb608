"""The logs of one trading session: app.log, orders.jsonl, trades.log and errors.log, JSON lines in UTC without secrets."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO, cast

import structlog

from framework.errors import OnetapeError
from framework.runtime.logs.files import MAX_BYTES, LineFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from structlog.typing import EventDict, Processor

    from framework.runtime.logs.redaction import Redactor

ROOT = "onetape"
#: Loggers with a file of their own; what they say is in app.log too, and trades, which end orders, in the orders' file.
ORDERS, TRADES = "orders", "orders.trades"
OWN_FILES = ((ORDERS, "orders.jsonl"), (TRADES, "trades.log"))


class RedactedLines(logging.Formatter):
    """Makes a line, then takes the secrets out of it: whatever a library, a message or a traceback put there."""

    def __init__(self, inner: logging.Formatter, redact: Redactor) -> None:
        super().__init__()
        self._inner, self._redact = inner, redact

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return self._redact(self._inner.format(record))


class SessionLogs:
    """Logs while it is entered; everything any library logs passes through it.

    Args:
        folder: Where the files are.
        session_id: On every line, so that lines of one session are found together.
        redact: Knows the secrets.
        echo: Warnings and errors are shown there too.
        max_bytes: Size at which a file is cut.

    Raises:
        OnetapeError: The folder cannot be written.
    """

    def __init__(self, folder: Path, session_id: str, redact: Redactor, echo: TextIO | None = None, max_bytes: int = MAX_BYTES) -> None:
        self._session_id, self._redact = session_id, redact
        self._open, self._hooks = ExitStack(), ExitStack()
        shared: list[Processor] = [
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            self._add_session,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
        ]
        self._processors: list[Processor] = [
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ]
        self._lines = RedactedLines(_json_lines(shared), redact)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._everything = [
                LineFile(folder / "app.log", self._lines, logging.INFO, max_bytes),
                LineFile(folder / "errors.log", self._lines, logging.ERROR, max_bytes),
            ]
            self._own = {name: LineFile(folder / file, self._lines, logging.INFO, max_bytes) for name, file in OWN_FILES}
        except OSError as error:
            raise OnetapeError(f"logs cannot be written to {folder}: {error.strerror}; check the folder and its permissions") from None
        self._echo = None if echo is None else _shown_on(echo, self._lines)

    def _add_session(self, _: object, __: str, event: EventDict) -> EventDict:
        event["session_id"] = self._session_id
        return event

    def logger(self, name: str) -> structlog.stdlib.BoundLogger:
        """A logger: ``ORDERS`` and ``TRADES`` have files of their own."""
        wrapped = structlog.wrap_logger(
            logging.getLogger(f"{ROOT}.{name}"), processors=self._processors, wrapper_class=structlog.stdlib.BoundLogger
        )
        return cast("structlog.stdlib.BoundLogger", wrapped)

    def stream(self, name: str) -> LoggedStream:
        """A text stream whose lines are logged by ``name``, for libraries that print."""
        return LoggedStream(self.logger(name).info)

    def rotate(self) -> list[str]:
        """Begin every file anew, the old ones kept as when they are full; returns the names of those that were begun."""
        files = (*self._everything, *self._own.values())
        return [Path(file.baseFilename).name for file in files if file.begin_anew()]

    @property
    def lost(self) -> int:
        """Lines that could not be written."""
        return sum(file.lost for file in (*self._everything, *self._own.values()))

    def __enter__(self) -> Self:
        root, ours = logging.getLogger(), logging.getLogger(ROOT)
        for handler in (*self._everything, *([] if self._echo is None else [self._echo])):
            self._attach(root, handler)
        for name, file in self._own.items():
            self._attach(ours.getChild(name), file)
        self._set_level(root, logging.INFO)
        before, in_threads = sys.excepthook, threading.excepthook
        self._hooks.callback(setattr, sys, "excepthook", before)
        self._hooks.callback(setattr, threading, "excepthook", in_threads)
        sys.excepthook = self._last_words
        threading.excepthook = lambda args: self._last_words(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self._hooks.close()
        elif isinstance(error, Exception):
            # Whoever catches it may show it; if nobody does, the hooks are still there and show it without secrets.
            self.logger("app").error("the session ended in an error", exc_info=(type(error), error, trace))
        self._open.close()

    def _attach(self, logger: logging.Logger, handler: logging.Handler) -> None:
        logger.addHandler(handler)
        self._open.callback(handler.close)
        self._open.callback(logger.removeHandler, handler)

    def _set_level(self, logger: logging.Logger, level: int) -> None:
        self._open.callback(logger.setLevel, logger.level)
        logger.setLevel(level)

    def _last_words(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """What nobody caught: into the logs, and to stderr without secrets."""
        self.logger("app").critical("uncaught", exc_info=(kind, error, trace))
        sys.stderr.write(self._redact("".join(traceback.format_exception(kind, error, trace))))


class LoggedStream:
    """What is printed to it is logged, line by line."""

    def __init__(self, log: Callable[[str], object]) -> None:
        self._log, self._rest = log, ""

    def write(self, text: str) -> int:
        """Take ``text``; whole lines are logged."""
        *lines, self._rest = f"{self._rest}{text}".split("\n")
        for line in filter(str.strip, lines):
            self._log(line)
        return len(text)

    def flush(self) -> None:
        """Log what has no line end yet."""
        if self._rest.strip():
            self._log(self._rest)
        self._rest = ""


def _json_lines(shared: list[Processor]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )


def _shown_on(stream: TextIO, lines: logging.Formatter) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(lines)
    return handler
