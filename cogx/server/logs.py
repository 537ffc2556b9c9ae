"""Knows how the server's log is written: a line each, as JSON or for people; never a secret.

Fields beside the message are those given as ``extra``. What looks like a key, a token or a password
in a text that others made (an exception's, say) is struck out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

REQUEST: Final[ContextVar[str | None]] = ContextVar("request", default=None)
"""The id of the request that is being answered; every line that is written meanwhile has it."""

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_SECRET: Final = re.compile(
    r"(?i)(\bbearer\s+"
    r"|(?:api[_-]?key|token|password|secret|authorization|cookie)[\"']?\s*[=:]\s*[\"']?)"
    r"(?!bearer\b)[^\s\"'&,;]+"
)
_IN_URL: Final = re.compile(r"(://[^\s:/@]*:)[^\s/@]+@")


def configure(*, as_json: bool, stream: TextIO | None = None) -> None:
    """Let this process log to stderr; libraries only what goes wrong."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if as_json else Readable())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("cogx").setLevel(logging.INFO)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        about = {"time": _moment(record), "level": record.levelname, "logger": record.name}
        return json.dumps(about | {"message": _text(record)} | _extras(record), default=str)


class Readable(logging.Formatter):
    """One line for people; a traceback has more."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        extras = _extras(record)
        trace = extras.pop("trace", "")
        fields = "".join(f" {k}={_shown(str(v))}" for k, v in extras.items() if v is not None)
        line = f"{_moment(record)} {record.levelname:<7} {_shown(_text(record))}{fields}"
        return "\n".join([line, *map(_shown, str(trace).splitlines())])


def without_secrets(text: str) -> str:
    """Return a text in which what looks like a secret is struck out."""
    return _IN_URL.sub(r"\1***@", _SECRET.sub(r"\1***", text))


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(record: logging.LogRecord) -> str:
    return without_secrets(record.getMessage())


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    extras = {name: value for name, value in vars(record).items() if name not in _OWN}
    if request := REQUEST.get():
        extras.setdefault("request", request)
    if record.exc_info:
        extras["trace"] = logging.Formatter().formatException(record.exc_info)
    if "trace" in extras:
        extras["trace"] = without_secrets(extras["trace"])
    return extras


def _shown(text: str) -> str:
    """Return a text on one line, without what could steer a terminal."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
