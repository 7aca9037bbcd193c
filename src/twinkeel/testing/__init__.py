"""What authors of kinds test against: one acceptance suite for every kind, built-in or not."""

from twinkeel.testing.check_kind import check_kind

__all__ = ["check_kind"]
