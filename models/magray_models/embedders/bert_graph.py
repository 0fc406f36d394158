"""An ONNX graph of a BERT sentence encoder, built from its weights alone: no framework runs and nothing is unpickled.

It takes one text at a time. Batches would save nothing on a processor and make a text's vector depend on its
neighbours, because the integer form scales numbers by the largest among them.
Source of the architecture: Devlin et al., arXiv:1810.04805; mean pooling and normalisation as in Sentence-BERT,
arXiv:1908.10084. The weights' names are those of Hugging Face's ``BertModel``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from magray_models.catalog import Precision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[np.float32]]

_OPSET, _IR_VERSION = 23, 11
INPUT, OUTPUT = "input_ids", "sentence"
_HIDDEN_AXIS = 2
_AFFINE = ("weight", "bias")


_LARGEST = 127


@dataclass(frozen=True, slots=True)
class BertShape:
    """What ``config.json`` says of the encoder."""

    layers: int
    heads: int
    hidden: int
    epsilon: float


def build_graph(weights: Weights, shape: BertShape, precision: Precision) -> bytes:
    """A serialized model: (1, tokens) int64 ids in, (1, hidden) float32 out, L2-normalised.

    Raises KeyError for a weight that is missing.
    """
    import onnx

    graph = _Graph(weights, shape, precision)
    hidden = graph.embedded()
    for layer in range(shape.layers):
        hidden = graph.layer(hidden, f"encoder.layer.{layer}.")
    graph.pooled(hidden)
    ids = onnx.helper.make_tensor_value_info(INPUT, onnx.TensorProto.INT64, [1, "tokens"])
    out = onnx.helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, [1, shape.hidden])
    body = onnx.helper.make_graph(graph.nodes, "encoder", [ids], [out], graph.constants)
    opset = onnx.helper.make_opsetid("", _OPSET)
    model = onnx.helper.make_model(body, opset_imports=[opset], ir_version=_IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """Nodes and constants under construction; every method gives the name of its result."""

    def __init__(self, weights: Weights, shape: BertShape, precision: Precision) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._weights, self._shape = weights, shape
        self._small = precision is Precision.INT8
        self._known: set[str] = set()
        self._integers: dict[tuple[str, bool], _Integers] = {}

    def embedded(self) -> str:
        """Words plus positions plus the first segment, normalised."""
        words = self._words("embeddings.word_embeddings.weight")
        size = self._op("Shape", INPUT, start=1, end=2)
        segment = self._weights["embeddings.token_type_embeddings.weight"][0]
        table = self._weights["embeddings.position_embeddings.weight"] + segment
        positions = self._op("Slice", self._constant("positions", table), self._axis("first", 0), size)
        return self._normalized(self._op("Add", words, positions), "embeddings.LayerNorm.")

    def layer(self, hidden: str, prefix: str) -> str:
        """Self-attention and the feed-forward part, each added to its input and normalised."""
        parts = [self._linear(hidden, f"{prefix}attention.self.{part}.") for part in ("query", "key", "value")]
        mixed = self._op("Attention", *parts, q_num_heads=self._shape.heads, kv_num_heads=self._shape.heads)
        attended = self._linear(mixed, f"{prefix}attention.output.dense.")
        hidden = self._normalized(self._op("Add", attended, hidden), f"{prefix}attention.output.LayerNorm.")
        # Tokens differ most in what goes into and comes out of the wide layer, so each gets a scale of its own there.
        inner = self._op("Gelu", self._linear(hidden, f"{prefix}intermediate.dense.", by_token=True))
        outer = self._linear(inner, f"{prefix}output.dense.", by_token=True)
        return self._normalized(self._op("Add", outer, hidden), f"{prefix}output.LayerNorm.")

    def pooled(self, hidden: str) -> None:
        """The mean over tokens, divided by its length."""
        mean = self._op("ReduceMean", hidden, self._axis("tokens", 1), keepdims=0)
        self._op("LpNormalization", mean, result=OUTPUT, axis=-1, p=2)

    def _words(self, name: str) -> str:
        import numpy as np

        table = self._weights[name]
        if not self._small:
            return self._op("Gather", self._constant(name, table), INPUT)
        scales = np.maximum(np.abs(table).max(1, keepdims=True), 1e-12) / _LARGEST
        rows = self._constant(f"{name}.rows", np.rint(table / scales).astype(np.int8))
        found = self._op("Cast", self._op("Gather", rows, INPUT), to=1)
        scales_found = self._op("Gather", self._constant(f"{name}.scales", scales.astype(np.float32)), INPUT)
        return self._op("Mul", found, scales_found)

    def _linear(self, rows: str, prefix: str, *, by_token: bool = False) -> str:
        weight = self._weights[f"{prefix}weight"].T
        if self._small:
            product = self._integer_product(rows, prefix, weight, by_token)
        else:
            product = self._op("MatMul", rows, self._constant(f"{prefix}weight.T", weight))
        return self._op("Add", product, self._constant(f"{prefix}bias", self._weights[f"{prefix}bias"]))

    def _integer_product(self, rows: str, prefix: str, weight: NDArray[np.float32], by_token: bool) -> str:
        """Rows as unsigned bytes by weights as signed ones, a scale for each column, then back to float32."""
        import numpy as np

        scales = _column_scales(weight)
        small = self._constant(f"{prefix}weight.columns", np.rint(weight / scales).astype(np.int8))
        of_columns = self._constant(f"{prefix}weight.scales", scales)
        given = self._as_integers(rows, by_token)
        product = self._op("MatMulInteger", given.rows, small, given.zero, self._constant("none", np.array(0, np.int8)))
        product = self._op("Mul", self._op("Cast", product, to=1), self._op("Mul", given.scale, of_columns))
        return self._op("Mul", product, given.largest) if given.largest else product

    def _as_integers(self, rows: str, by_token: bool) -> _Integers:
        """The rows as bytes with one scale, or after division by each token's largest number; made once."""
        import numpy as np
        import onnx

        if (rows, by_token) not in self._integers:
            largest, source = "", rows
            if by_token:
                peak = self._op("ReduceMax", self._op("Abs", rows), self._axis("hidden", _HIDDEN_AXIS), keepdims=1)
                largest = self._op("Max", peak, self._constant("tiny", np.array(1e-9, np.float32)))
                source = self._op("Div", rows, largest)
            number = len(self.nodes)
            made = _Integers(f"bytes_{number}", f"scale_{number}", f"zero_{number}", largest)
            names = [made.rows, made.scale, made.zero]
            self.nodes.append(onnx.helper.make_node("DynamicQuantizeLinear", [source], names))
            self._integers[rows, by_token] = made
        return self._integers[rows, by_token]

    def _normalized(self, rows: str, prefix: str) -> str:
        scale, bias = (self._constant(f"{prefix}{part}", self._weights[f"{prefix}{part}"]) for part in _AFFINE)
        return self._op("LayerNormalization", rows, scale, bias, axis=-1, epsilon=self._shape.epsilon)

    def _axis(self, name: str, axis: int) -> str:
        import numpy as np

        return self._constant(name, np.array([axis], np.int64))

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        import numpy as np
        import onnx

        if name not in self._known:
            self._known.add(name)
            self.constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _op(self, kind: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        import onnx

        result = result or f"{kind}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(kind, list(inputs), [result], **attributes))
        return result


def _column_scales(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """(columns,) what each column is divided by to become bytes whose products can be added two by two in 16 bits.

    Processors without VNNI add the products of rows 2k and 2k + 1 so, saturating: with whole bytes they would give
    other vectors than the rest. 255 · (127 + 1 for rounding) is below 2¹⁵.
    """
    import numpy as np

    pairs = weight.reshape(-1, 2, weight.shape[1])
    most = np.maximum(np.maximum(pairs, 0).sum(1).max(0), np.maximum(-pairs, 0).sum(1).max(0))
    scales: NDArray[np.float32] = (np.maximum(most, 1e-12) / _LARGEST).astype(np.float32)
    return scales


@dataclass(frozen=True, slots=True)
class _Integers:
    """Names of a tensor as bytes, its scale and zero point, and of each token's largest number ("" for none)."""

    rows: str
    scale: str
    zero: str
    largest: str
