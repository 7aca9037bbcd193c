"""Twinkeel: predictive models and LLM assistants through one lifecycle.

`Project` is the whole of it; `TabularClassifier` works alone. Nothing heavy is imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinkeel.errors import TwinkeelError
    from twinkeel.project import Project

__version__ = "0.1.0"
__all__ = ["Project", "TwinkeelError", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Project":
        from twinkeel.project import Project

        return Project
    if name == "TwinkeelError":
        from twinkeel.errors import TwinkeelError

        return TwinkeelError
    raise AttributeError(f"module 'twinkeel' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
