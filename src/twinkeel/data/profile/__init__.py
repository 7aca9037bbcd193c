"""A table in numbers: what each column holds, for reports and for comparing data over time.

Owns the profile record and how it is computed, on the values that the contract reads, so that a
profile speaks of the same types and missing values as the model does. Draws nothing.
"""

from twinkeel.data.profile.records import (
    Association,
    Bin,
    Block,
    Change,
    ColumnProfile,
    Count,
    Profile,
)
from twinkeel.data.profile.table import profile

__all__ = [
    "Association",
    "Bin",
    "Block",
    "Change",
    "ColumnProfile",
    "Count",
    "Profile",
    "profile",
]
