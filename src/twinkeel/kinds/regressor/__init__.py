"""The regressor kind: a table with an amount to predict -> amounts with intervals, judged."""

from twinkeel.kinds.regressor.kind import Regressor, RegressorOptions

__all__ = ["Regressor", "RegressorOptions"]
