"""The kind that looks up, as one that can be asked: it quotes its shop's rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli_lookup import Lookup, Table

from twinkeel.records import Message, Output

RULES = "Rules [bold]of[/bold] the shop.\nRed shirts \x1b[31msell\x1b[0m best.\n"
NOTHING = "The rules do not say."


class Clerk(Table):
    """Knows about red; what was asked before counts too."""

    def converse(self, messages: Sequence[Message]) -> Output:
        asked = " ".join(message.text for message in messages if message.role == "user")
        if "red" not in asked.lower():
            values = {"answer": NOTHING, "abstained": True, "confidence": 0.1, "citations": []}
            return Output(values=values)
        start = RULES.index("Red")
        citation = {
            "document": "rules.md",
            "title": "The [i]rules[/i]",
            "start": start,
            "end": len(RULES) - 1,
            "page": 3,
            "box": None,
            "quote": RULES[start:-1],
            "headings": ["Shirts", "Colours"],
        }
        values = {"answer": RULES[start:-1], "abstained": False, "confidence": 0.9}
        return Output(values={**values, "citations": [citation]}, warnings=("Said loudly.",))


class Clerks(Lookup):
    name = "clerk"
    runtime = "clerk"

    def load(self, bundle: Any) -> Clerk:
        return Clerk(**bundle.json("model.json", dict[str, Any]))
