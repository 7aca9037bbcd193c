"""A small builder of ONNX graphs: nodes are added by name of operator and give names of values.

Owns names, constants and operator-set versions; knows nothing of what is built. Operators are
those of ONNX 20 and ai.onnx.ml 3, which onnxruntime 1.22 and later run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PROBABILITIES, LOG_ODDS = "/probabilities", "/log_odds"
PREDICTION, MARGIN, SPREAD = "/prediction", "/margin", "/spread"
FEATURES = "/features"
"""Names of a model's outputs; a column can be called anything, so no column's name is taken."""
ML = "ai.onnx.ml"
_OPSET, _ML_OPSET, _IR = 20, 3, 9


class Graph:
    """A graph under construction. Internal names start with `/`, so inputs may be called freely."""

    def __init__(self, prefix: str = "") -> None:
        """`prefix` begins the internal names, after the `/`."""
        self._prefix = prefix
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    @classmethod
    def reopened(cls, model: bytes, *, without: str) -> Graph:
        """A finished graph less one output and what only that needed, to be added to.

        Names that are added begin with `/again.`; reopened once more, another such output is left
        out with all of these, so that they never meet.
        """
        from onnx import load_model_from_string

        old, graph = load_model_from_string(model).graph, cls("again.")
        graph._inputs = list(old.input)
        graph._outputs = [one for one in old.output if one.name != without]
        needed = {one.name for one in graph._outputs}
        for node in reversed(old.node):
            if needed.intersection(node.output):
                needed.update(node.input)
                graph._nodes.insert(0, node)
        graph._constants = [one for one in old.initializer if one.name in needed]
        return graph

    def input(self, name: str, *, text: bool, width: int = 1) -> str:
        """Declare an input of shape (n, width), float64 or string."""
        from onnx import TensorProto, helper

        kind = TensorProto.STRING if text else TensorProto.DOUBLE
        self._inputs.append(helper.make_tensor_value_info(name, kind, ["rows", width]))
        return name

    def constant(self, array: NDArray[Any] | np.generic) -> str:
        """A constant; equal calls make separate constants."""
        from onnx import numpy_helper

        name = f"/{self._prefix}constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def ints(self, *values: int) -> str:
        """A constant vector of int64, as shapes and axes are given."""
        return self.constant(np.array(values, dtype=np.int64))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; returns the output's name."""
        return self._node("", operator, inputs, 1, attributes)[0]

    def add_ml(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """The same for an operator of `ai.onnx.ml`."""
        return self._node(ML, operator, inputs, 1, attributes)[0]

    def add_many(self, operator: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add a node with several outputs."""
        return self._node("", operator, inputs, outputs, attributes)

    def output(self, name: str, value: str, *, width: int, single: bool = False) -> None:
        """Give `value` out as `name`, of shape (n, width), float64 (float32 where `single`)."""
        from onnx import TensorProto, helper

        kind = TensorProto.FLOAT if single else TensorProto.DOUBLE
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, kind, ["rows", width]))

    def model(self) -> bytes:
        """The checked model, serialised."""
        from onnx import checker, helper

        graph = helper.make_graph(
            self._nodes, "twinkeel", self._inputs, self._outputs, initializer=self._constants
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(ML, _ML_OPSET)],
            ir_version=_IR,
            producer_name="twinkeel",
        )
        checker.check_model(model)
        return bytes(model.SerializeToString())

    def _node(
        self,
        domain: str,
        operator: str,
        inputs: tuple[str, ...],
        outputs: int,
        attributes: dict[str, Any],
    ) -> list[str]:
        from onnx import helper

        names = [f"/{self._prefix}{operator}{len(self._nodes)}.{i}" for i in range(outputs)]
        self._nodes.append(
            helper.make_node(operator, list(inputs), names, domain=domain, **attributes)
        )
        return names
