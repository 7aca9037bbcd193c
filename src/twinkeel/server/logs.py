"""How the server logs: one line per record on standard error, control characters escaped.

Routes and libraries log paths, names and error sentences that strangers can influence; nothing
of that may start a new line or move a terminal's cursor.
"""

from __future__ import annotations

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_TURNING = (0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
"""Line and paragraph separators, and what changes the direction of writing."""
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    code: f"\\u{code:04x}" for code in _TURNING
}


class OneLine(logging.Formatter):
    """Formats a record on one line, whatever it holds; a traceback stays without its message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; control characters as escapes."""
        return super().format(record).translate(_CONTROL)

    def formatException(self, ei: object) -> str:  # noqa: N802  the base class's name
        """Only the type: the message of an exception may hold a row."""
        kind = ei[0] if isinstance(ei, tuple) else None
        return getattr(kind, "__name__", "error")


def configure(level: int = logging.INFO) -> None:
    """Send Twinkeel's and uvicorn's records to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(_FORMAT))
    for name in ("twinkeel", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level if name == "twinkeel" else logging.WARNING)
        logger.propagate = False
