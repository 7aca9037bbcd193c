"""Trains a net of two hidden layers in single precision: AdamW with a cyclic rate, numpy alone.

Follows the tuned defaults of RealMLP (Holzmüller et al., 2024) where they are cheap: many small
steps, a rate that falls and rises four times, the best moment on held-out rows. It can end at any
moment. Knows no features: rows arrive as inputs that are about as large as 1.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.families.net_losses import NetLoss

Single = NDArray[np.float32]

_MEMORY, _SQUARES = 0.9, 0.95
"""What Adam's averages keep of the steps before."""
_TINY = 1e-8
_LOOK = 200
"""Steps between two looks at the held-out rows, at most."""
_TRIED = 20
"""Steps that tell how long one takes ..."""
_SURE = 0.85
"""... and the share of the time that steps may take, as looks take some and a machine gets busy."""


@dataclass(frozen=True)
class Rows:
    """n rows as a net sees them."""

    inputs: Single
    """(n, P)"""
    y: Single
    """(n, k) targets, as the loss has them."""
    weight: Single
    """(n,) 1 on average."""

    def take(self, some: NDArray[np.intp]) -> Rows:
        """Some of the rows."""
        return Rows(self.inputs[some], self.y[some], self.weight[some])


@dataclass(frozen=True)
class Schedule:
    """How long, how fast and how freely a net learns."""

    steps: int
    batch: int
    rate: float
    decay: float
    dropout: float
    until: float | None = None
    """The share of the steps after which it ends, whatever held-out rows say; None to ask them."""

    @property
    def last(self) -> int:
        """The step that it ends with."""
        return self.steps if self.until is None else max(round(self.until * self.steps), 1)

    def at(self, step: int) -> float:
        """The rate: four times from 0 to its peak and back, each time in twice the steps."""
        return self.rate * 0.5 * (1 - math.cos(2 * math.pi * self._turns(step)))

    def cycle(self, step: int) -> int:
        """Which of the four times it is, from 0."""
        return int(self._turns(step) + _TINY)

    def _turns(self, step: int) -> float:
        return _turns(step / self.steps)


def cycle_end(moment: float) -> float:
    """The share of the steps at which the time ends that ends nearest to a share of them."""
    return float((2 ** max(round(_turns(moment)), 1) - 1) / 15)


def _turns(moment: float) -> float:
    """How many of the four times are over after a share of the steps."""
    return math.log2(1 + 15 * moment)


class Learned(NamedTuple):
    """A trained net."""

    layers: list[Single]
    """Its six arrays."""
    moment: float
    """The share of the steps after which they were so."""


@dataclass(frozen=True)
class Lesson:
    """What is to be learned, and what judges it."""

    rows: Rows
    held: Rows
    loss: NetLoss

    def judged(self, layers: Layers) -> float:
        """The loss on the held-out rows."""
        held = self.held
        return self.loss.mean(layers.margin(held.inputs), held.y, held.weight)


class Layers:
    """Weights and biases of three layers, as views of one vector."""

    def __init__(self, sizes: Sequence[int], rng: np.random.Generator) -> None:
        """`sizes` are inputs, units, units, margins. The last layer is zero at first."""
        shapes = [shape for near, far in pairwise(sizes) for shape in ((near, far), (far,))]
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        self.flat: Single = np.zeros(ends[-1], np.float32)
        self.decays: Single = np.zeros(ends[-1], np.float32)
        """1 where a weight decays."""
        self._shapes, self._ends = shapes, ends
        self.views = self.seen(self.flat)
        for weight in self.views[0:4:2]:
            weight[:] = rng.normal(size=weight.shape) * math.sqrt(2 / len(weight))
        for weight in self.seen(self.decays)[0::2]:
            weight[:] = 1.0

    def seen(self, flat: Single) -> list[Single]:
        """The six arrays in a vector of this size."""
        parts = np.split(flat, self._ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)]

    def margin(self, inputs: Single) -> Single:
        """(n, k)"""
        units = inputs
        for weight, bias in (self.views[:2], self.views[2:4]):
            units, _ = _bent(units @ weight + bias)
        found: Single = units @ self.views[4] + self.views[5]
        return found


def trained(
    lesson: Lesson,
    layers: Layers,
    schedule: Schedule,
    rng: np.random.Generator,
    stop: Callable[[], bool],
) -> Learned:
    """The arrays that did best on the held-out rows, of all until training ends.

    It ends with the schedule, with `stop`, or with a whole cycle that gained nothing. Where the
    schedule says how long it is, the last arrays are taken.
    """
    adam, batches = _Adam(layers, schedule), _batches(len(lesson.rows.y), schedule.batch, rng)
    look = max(1, min(len(lesson.rows.y) // schedule.batch, _LOOK))
    best, kept, moment = np.inf, layers.flat.copy(), 0
    for step in range(1, schedule.last + 1):
        batch = lesson.rows.take(next(batches))
        adam.step(_gradient(layers, batch, lesson.loss, schedule.dropout, rng), step)
        over = stop()
        if step % look == 0 or step == schedule.last or over:
            value = lesson.judged(layers)
            if value < best or schedule.until is not None:
                best, kept, moment = value, layers.flat.copy(), step
            if over or schedule.cycle(step) > schedule.cycle(moment) + 1:
                break
    return Learned(layers.seen(kept), moment / schedule.steps)


def timely(lesson: Lesson, layers: Layers, schedule: Schedule, seconds: float) -> Schedule:
    """The schedule with no more steps than there are `seconds` for, judged by a few steps that are
    then undone: one that ends in time is better than the beginning of one that does not."""
    if schedule.until is not None or seconds == math.inf:
        return schedule
    kept, rng = layers.flat.copy(), np.random.default_rng(0)
    adam, batches = _Adam(layers, schedule), _batches(len(lesson.rows.y), schedule.batch, rng)
    began = time.perf_counter()
    for step in range(1, _TRIED + 1):
        batch = lesson.rows.take(next(batches))
        adam.step(_gradient(layers, batch, lesson.loss, schedule.dropout, rng), step)
    each = (time.perf_counter() - began) / _TRIED
    layers.flat[:] = kept
    return replace(schedule, steps=min(max(int(_SURE * seconds / each), _TRIED), schedule.steps))


def _batches(rows: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Positions of rows in random order, so many at a time, without end."""
    while True:
        order = rng.permutation(rows)
        for start in range(0, rows - size + 1, size):
            yield order[start : start + size]


class _Adam:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    def __init__(self, layers: Layers, schedule: Schedule) -> None:
        self._layers, self._schedule = layers, schedule
        self._mean = np.zeros_like(layers.flat)
        self._square = np.zeros_like(layers.flat)

    def step(self, gradient: Single, number: int) -> None:
        """Move all weights; `number` counts from 1, and the gradient is used up."""
        rate = self._schedule.at(number)
        self._mean += (1 - _MEMORY) * (gradient - self._mean)
        np.square(gradient, out=gradient)
        gradient -= self._square
        gradient *= 1 - _SQUARES
        self._square += gradient
        away = np.sqrt(self._square)
        away /= math.sqrt(1 - _SQUARES**number)
        away += _TINY
        np.divide(self._mean, away, out=away)
        away *= rate / (1 - _MEMORY**number)
        flat = self._layers.flat
        flat -= (rate * self._schedule.decay) * self._layers.decays * flat
        flat -= away


def _gradient(
    layers: Layers, batch: Rows, loss: NetLoss, dropout: float, rng: np.random.Generator
) -> Single:
    """The slope of a batch's mean loss, as one vector, while some units, drawn anew, are out."""
    first, first_bias, second, second_bias, last, last_bias = layers.views
    near, near_slope = _bent(batch.inputs @ first + first_bias)
    _drop((near, near_slope), dropout, rng)
    far, far_slope = _bent(near @ second + second_bias)
    _drop((far, far_slope), dropout, rng)
    slope = loss.slope(far @ last + last_bias, batch.y)
    slope *= (batch.weight / len(batch.y))[:, None]
    flat = np.empty_like(layers.flat)
    found = layers.seen(flat)
    _backward(far, slope, found[4:])
    slope = slope @ last.T * far_slope
    _backward(near, slope, found[2:4])
    slope = slope @ second.T * near_slope
    _backward(batch.inputs, slope, found[:2])
    return flat


def _backward(units: Single, slope: Single, found: list[Single]) -> None:
    """Fill in the slopes of a layer's weights and biases."""
    np.matmul(units.T, slope, out=found[0])
    slope.sum(axis=0, out=found[1])


def _bent(units: Single) -> tuple[Single, Single]:
    """`x * sigmoid(x)` and its slope."""
    gate = np.negative(units)
    np.minimum(gate, 80.0, out=gate)
    np.exp(gate, out=gate)
    gate += 1.0
    np.reciprocal(gate, out=gate)
    bent = units * gate
    slope = np.subtract(1.0, gate)
    slope *= bent
    slope += gate
    return bent, slope


def _drop(both: tuple[Single, Single], dropout: float, rng: np.random.Generator) -> None:
    """Set units and their slopes to zero at random, in 256ths, and raise the others for them."""
    raw = np.frombuffer(rng.bytes(both[0].size), np.uint8).reshape(both[0].shape)
    keep = round(256 * (1 - dropout))
    mask = (raw < keep).astype(np.float32)
    mask *= 256 / keep
    for one in both:
        np.multiply(one, mask, out=one)
