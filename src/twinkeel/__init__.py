"""Twinkeel: predictive models and LLM assistants through one lifecycle.

`Project` is the whole of it. Nothing heavy is imported before it is asked for.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinkeel.errors import TwinkeelError
    from twinkeel.project import Project

# The official builds of onnxruntime, 1.29 and later, report use to their maker over the network
# unless this is said before they are imported (microsoft/onnxruntime pull request 27379).
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
__all__ = ["Project", "TwinkeelError", "__version__"]

_HOMES = {"Project": "twinkeel.project", "TwinkeelError": "twinkeel.errors"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'twinkeel' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
