"""A small assistant: a price list of one article a service, and questions about the prices."""

from __future__ import annotations

import json
from pathlib import Path

SERVICES = (
    "online backup", "call forwarding", "paper bills", "a second router", "roaming in Norway",
    "film rental", "tech support at home", "device insurance", "a fixed address", "voice mail",
    "number transfer", "early cancellation", "a new contract", "late payment", "parental control",
    "fast delivery",
)  # fmt: skip
_ASKED = (
    "What is the fee for {}?",
    "How much do I pay for {}?",
    "What does {} cost a month?",
    "Is there a charge for {}?",
)
TOML = """
[project]
name = "fees"

[sources.help]
path = "help/**/*"

[components.support]
kind = "assistant"
source = "help"
cases = "questions.jsonl"
risk = 0.4

[components.support.gates]
recall_at_5 = ">= 0.7"
"""


def write_fees(folder: Path) -> Path:
    """The project's folder, nothing built."""
    (folder / "help").mkdir(parents=True)
    for k, service in enumerate(SERVICES):
        write_fee(folder, service, 10 + k)
    lines = [
        {"question": ask.format(service), "documents": [_name(service)], "answers": [f"${10 + k}"]}
        for k, service in enumerate(SERVICES)
        for ask in _ASKED
    ]
    (folder / "questions.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    (folder / "twinkeel.toml").write_text(TOML)
    return folder


def write_fee(folder: Path, service: str, dollars: int) -> None:
    """The article on one service."""
    text = f"# About {service}\n\nThe fee for {service} is ${dollars} a month.\n"
    (folder / "help" / _name(service)).write_text(text)


def _name(service: str) -> str:
    return f"{service.replace(' ', '-')}.md"
