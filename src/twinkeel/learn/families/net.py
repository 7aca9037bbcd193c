"""Small neural nets: different enough from trees that both together beat more trees.

Owns how a fold becomes a net of plain arrays; what it is given is `net_inputs`, how it learns is
`net_training`. Needs numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from twinkeel.learn.families.base import (
    Effort,
    Family,
    Floats,
    Fold,
    Matrix,
    Model,
    Settings,
    Span,
    Unfit,
)
from twinkeel.learn.families.net_inputs import Inputs, Single, inputs
from twinkeel.learn.families.net_losses import LOSSES, NetLoss, Own
from twinkeel.learn.families.net_training import (
    Layers,
    Lesson,
    Rows,
    Schedule,
    cycle_end,
    timely,
    trained,
)
from twinkeel.learn.nets import Nets
from twinkeel.store.arrays import array

_FOLDER, _MOMENT = "net", "moment.npy"
_MAX_CELLS = 40_000_000
"""Rows times inputs that one fit learns from."""
_JUDGES = 20_000
"""Rows that choose the best moment."""
_BATCH, _LARGEST = 128, 1024
_BATCHES = 100
"""Batches in a pass over many rows."""
_FEWEST_STEPS = 100
_WEIGHTS_PER_TREE = 200
"""Weights whose product takes onnxruntime as long as one tree does."""
_TOGETHER = 1024
"""Rows that are computed at once."""


@dataclass(frozen=True)
class NetModel(Model):
    """A fitted net: its arrays are all there is to it."""

    nets: Nets
    moment: float
    """The share of its schedule after which it was best ..."""
    share: float
    """... and how much of the schedule that its settings ask for there was time for."""

    @property
    def trees(self) -> int:
        """None."""
        return 0

    @property
    def cost(self) -> int:
        """In proportion to its weights."""
        return self.nets.weights // _WEIGHTS_PER_TREE

    def margin(self, X: Matrix) -> Floats:
        """(n, k) from the arrays, which are the model."""
        starts = range(0, len(X), _TOGETHER)
        return np.concatenate([self.nets.margin(X[i : i + _TOGETHER]) for i in starts])

    def parts(self) -> Nets:
        """The arrays."""
        return self.nets


class Net(Family):
    """Two hidden layers, trained by our own AdamW in single precision."""

    name: ClassVar[str] = "net"
    own_losses: ClassVar[bool] = True
    spans: ClassVar[Mapping[str, Span]] = {
        "pieces": Span(0, 24, whole=True),
        "rate": Span(0.0005, 0.005, log=True),
        "decay": Span(0.002, 0.3, log=True),
        "dropout": Span(0.0, 0.4),
    }

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        """Learn until the schedule, the gain or the time is over; keep the best moment."""
        loss = LOSSES.get(fold.loss.name) if fold.loss.own is None else Own(fold.loss)
        rng = np.random.default_rng(effort.seed)
        taken = inputs(fold, int(settings["pieces"]), rng)
        if loss is None or not len(taken):
            raise Unfit
        lesson = _lesson(fold, loss, taken, rng)
        units = int(settings["units"])
        layers = Layers([len(taken), units, units, fold.width], rng)
        layers.views[-1][:] = loss.start(lesson.rows.y, lesson.rows.weight)
        asked = _schedule(len(lesson.rows.y), settings)
        schedule = timely(lesson, layers, asked, effort.left())
        best = trained(lesson, layers, schedule, rng, effort.stop)
        _unscaled(taken, lesson.rows.inputs, best.layers).save(folder / _FOLDER)
        moment = np.array([best.moment, schedule.steps / asked.steps])
        np.save(folder / _MOMENT, moment, allow_pickle=False)

    def whole(self, settings: Settings, models: Sequence[Model]) -> Settings:
        """For about as long as the folds' nets became better on average, to where the rate is 0."""
        nets = [one for one in models if isinstance(one, NetModel)]
        until = cycle_end(float(np.mean([one.moment for one in nets])))
        share = float(np.mean([one.share for one in nets]))
        return {**settings, "share": share, "until": until}

    def load(self, folder: Path, width: int) -> Model:  # noqa: ARG002  # the arrays know it
        """The arrays in `net`."""
        nets = Nets.load(lambda name: (folder / name).read_bytes(), _FOLDER)
        moment, share = array(folder / _MOMENT)
        return NetModel(nets, float(moment), float(share))


def _lesson(fold: Fold, loss: NetLoss, taken: Inputs, rng: np.random.Generator) -> Lesson:
    learned = _drawn(len(fold.y), max(_MAX_CELLS // len(taken), 1000), rng)
    judging = _drawn(len(fold.y_valid), _JUDGES, rng)
    return Lesson(
        rows=Rows(
            taken.of(fold.X, learned),
            loss.targets(fold.y[learned], fold.width),
            _relative(fold.weight[learned]),
        ),
        held=Rows(
            taken.of(fold.X_valid, judging),
            loss.targets(fold.y_valid[judging], fold.width),
            _relative(fold.weight_valid[judging]),
        ),
        loss=loss,
    )


def _drawn(n: int, most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """All of n rows, or as many drawn at random."""
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _relative(weight: Floats) -> Single:
    """Weights that are 1 on average."""
    found: Single = (weight / (weight.mean() or 1.0)).astype(np.float32)
    return found


def _schedule(rows: int, settings: Settings) -> Schedule:
    """Passes over the rows, in steps that are no more than were allowed."""
    batch = max(min(max(rows // _BATCHES, _BATCH), _LARGEST, rows // 4), 1)
    steps = min(int(settings["passes"]) * rows // batch, int(settings["steps"]))
    return Schedule(
        steps=round(float(settings.get("share", 1.0)) * max(steps, _FEWEST_STEPS)),
        batch=batch,
        rate=float(settings["rate"]),
        decay=float(settings["decay"]),
        dropout=float(settings["dropout"]),
        until=float(settings["until"]) if "until" in settings else None,
    )


def _unscaled(taken: Inputs, rows: Single, layers: list[Single]) -> Nets:
    """The trained arrays as a function of the cut features themselves, in double precision."""
    first, first_bias, *others = (layer.astype(np.float64)[None] for layer in layers)
    scale = taken.scale[:, None]
    return Nets(
        feature=taken.feature[None],
        low=taken.low[None],
        high=taken.high[None],
        absent=taken.absent[None],
        mean=(rows.mean(axis=0, dtype=np.float64) / taken.scale + taken.center)[None],
        first=first * scale,
        first_bias=first_bias - (taken.center * taken.scale) @ first[0],
        second=others[0],
        second_bias=others[1],
        last=others[2],
        last_bias=others[3],
    )
