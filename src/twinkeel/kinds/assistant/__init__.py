"""The assistant kind: documents -> answers that quote them, judged on questions."""

from twinkeel.kinds.assistant.kind import Assistant, AssistantOptions

__all__ = ["Assistant", "AssistantOptions"]
