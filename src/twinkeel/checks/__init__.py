"""Checks before training: what in the data would make a model or its scores mislead.

One file per family of checks; `registry` lists them, `run` runs them. A check is a pure function
of a `Subject` (the rows, the target, their roles, a seed) and gives findings. Refuses to change
data: the most that a check does is to ask for columns to be left out of learning.
"""
