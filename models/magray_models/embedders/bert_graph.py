"""An ONNX graph of a BERT sentence encoder, built from its weights alone: no framework runs and nothing is unpickled.

Source of the architecture: Devlin et al., arXiv:1810.04805; mean pooling and normalisation as in Sentence-BERT,
arXiv:1908.10084. The weights' names are those of Hugging Face's ``BertModel``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[np.float32]]

_OPSET = 17
_IR_VERSION = 8
INPUTS = ("input_ids", "attention_mask")
OUTPUT = "sentence"


@dataclass(frozen=True, slots=True)
class BertShape:
    """What ``config.json`` says of the encoder."""

    layers: int
    heads: int
    hidden: int
    epsilon: float


def build_graph(weights: Weights, shape: BertShape) -> bytes:
    """A serialized model: (batch, tokens) int64 ids and mask in, (batch, hidden) float32 L2-normalised rows out.

    Raises KeyError for a weight that is missing.
    """
    import onnx

    graph = _Graph(weights, shape)
    hidden = graph.embedded()
    for layer in range(shape.layers):
        hidden = graph.layer(hidden, f"encoder.layer.{layer}.")
    graph.pooled(hidden)
    ids = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, ["batch", "tokens"]) for name in INPUTS]
    out = onnx.helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, ["batch", shape.hidden])
    body = onnx.helper.make_graph(graph.nodes, "encoder", ids, [out], graph.constants)
    opset = onnx.helper.make_opsetid("", _OPSET)
    model = onnx.helper.make_model(body, opset_imports=[opset], ir_version=_IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants under construction; every method gives the name of its result."""

    def __init__(self, weights: Weights, shape: BertShape) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._weights, self._shape = weights, shape
        self._known: dict[str, str] = {}

    def embedded(self) -> str:
        """Words plus positions plus the first segment, normalised."""
        words = self._op("Gather", self._weight("embeddings.word_embeddings.weight"), INPUTS[0])
        size = self._op("Shape", INPUTS[0], start=1, end=2)
        first = self._axes("first", 0)
        table = self._weight("embeddings.position_embeddings.weight")
        positions = self._op("Slice", table, first, size, first)
        segment = self._constant("segment", self._weights["embeddings.token_type_embeddings.weight"][0])
        return self._normalized(self._op("Add", self._op("Add", words, positions), segment), "embeddings.LayerNorm.")

    def layer(self, hidden: str, prefix: str) -> str:
        """Self-attention and the feed-forward part, each added to its input and normalised."""
        attended = self._linear(self._attention(hidden, prefix), f"{prefix}attention.output.dense.")
        hidden = self._normalized(self._op("Add", attended, hidden), f"{prefix}attention.output.LayerNorm.")
        inner = self._gelu(self._linear(hidden, f"{prefix}intermediate.dense."))
        outer = self._linear(inner, f"{prefix}output.dense.")
        return self._normalized(self._op("Add", outer, hidden), f"{prefix}output.LayerNorm.")

    def pooled(self, hidden: str) -> None:
        """The mean over tokens that the mask admits, divided by its length."""
        import numpy as np

        last, middle = self._axes("last", 2), self._axes("middle", 1)
        mask = self._op("Unsqueeze", self._op("Cast", INPUTS[1], to=1), last)
        total = self._op("ReduceSum", self._op("Mul", hidden, mask), middle, keepdims=0)
        count = self._op("ReduceSum", mask, middle, keepdims=0)
        mean = self._op("Div", total, self._op("Max", count, self._constant("tiny", np.array(1e-9, np.float32))))
        squares = self._op("ReduceSum", self._op("Mul", mean, mean), middle, keepdims=1)
        length = self._op("Max", self._op("Sqrt", squares), self._constant("least", np.array(1e-12, np.float32)))
        self._op("Div", mean, length, result=OUTPUT)

    def _attention(self, hidden: str, prefix: str) -> str:
        import numpy as np

        width = self._shape.hidden // self._shape.heads
        query, key, value = (
            self._heads(self._linear(hidden, f"{prefix}attention.self.{part}."), width)
            for part in ("query", "key", "value")
        )
        scale = self._constant("scale", np.array(1.0 / np.sqrt(width), np.float32))
        scores = self._op("Mul", self._op("MatMul", query, self._op("Transpose", key, perm=[0, 1, 3, 2])), scale)
        shares = self._op("Softmax", self._op("Add", scores, self._bias()), axis=-1)
        mixed = self._op("Transpose", self._op("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self._op("Reshape", mixed, self._constant("joined", np.array([0, 0, self._shape.hidden], np.int64)))

    def _heads(self, rows: str, width: int) -> str:
        """(batch, tokens, hidden) to (batch, heads, tokens, width)."""
        import numpy as np

        split = self._constant("split", np.array([0, 0, self._shape.heads, width], np.int64))
        return self._op("Transpose", self._op("Reshape", rows, split), perm=[0, 2, 1, 3])

    def _bias(self) -> str:
        """0 where the mask admits a token, very low elsewhere: (batch, 1, 1, tokens)."""
        import numpy as np

        if "bias" not in self._known:
            mask = self._op("Unsqueeze", self._op("Cast", INPUTS[1], to=1), self._constant("12", np.array([1, 2])))
            away = self._op("Sub", self._constant("1.0", np.array(1.0, np.float32)), mask)
            self._known["bias"] = self._op("Mul", away, self._constant("low", np.array(-1e9, np.float32)))
        return self._known["bias"]

    def _linear(self, rows: str, prefix: str) -> str:
        weight = self._constant(f"{prefix}weight.T", self._weights[f"{prefix}weight"].T)
        return self._op("Add", self._op("MatMul", rows, weight), self._weight(f"{prefix}bias"))

    def _normalized(self, rows: str, prefix: str) -> str:
        scale, bias = self._weight(f"{prefix}weight"), self._weight(f"{prefix}bias")
        return self._op("LayerNormalization", rows, scale, bias, axis=-1, epsilon=self._shape.epsilon)

    def _gelu(self, rows: str) -> str:
        """x · (1 + erf(x / √2)) / 2, the exact form that BERT uses (Hendrycks & Gimpel, arXiv:1606.08415)."""
        import numpy as np

        bent = self._op("Erf", self._op("Div", rows, self._constant("root", np.array(np.sqrt(2.0), np.float32))))
        grown = self._op("Add", bent, self._constant("1.0", np.array(1.0, np.float32)))
        return self._op("Mul", self._op("Mul", rows, grown), self._constant("half", np.array(0.5, np.float32)))

    def _axes(self, name: str, axis: int) -> str:
        import numpy as np

        return self._constant(name, np.array([axis], np.int64))

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        import numpy as np
        import onnx

        if name not in self._known:
            self._known[name] = name
            self.constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _op(self, kind: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        import onnx

        result = result or f"{kind}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(kind, list(inputs), [result], **attributes))
        return result
