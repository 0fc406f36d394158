"""The network of Qwen3 as an ONNX graph of standard operators, so that any execution provider can run it.

Source: the architecture in "Qwen3 Technical Report" (2025): RMS norms, rotary positions over half-turned heads,
grouped-query attention with normalized queries and keys, SwiGLU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

OPSET = 18
_MASKED = -1e9  # added to the logits of what must not be seen: finite, so that no row of a softmax is without numbers


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of one model, as its ``config.json`` names them."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rms_norm_eps: float
    rope_theta: float


class GraphWriter:
    """Nodes and small constants of a graph that is being written; weights are only named."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def op(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Add a node with one output of that name."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def floats(self, name: str, values: Sequence[float], *, shape: Sequence[int] | None = None) -> str:
        """A float constant, a scalar unless ``shape`` says otherwise."""
        from onnx import TensorProto, helper

        self.constants[name] = helper.make_tensor(name, TensorProto.FLOAT, shape or [], values)
        return name

    def ints(self, *values: int) -> str:
        """A constant list of integers; the same list is the same constant."""
        from onnx import TensorProto, helper

        name = "ints_" + "_".join(map(str, values)).replace("-", "m")
        self.constants[name] = helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
        return name


def write_network(writer: GraphWriter, shape: Shape) -> str:
    """Add the whole network from ``input_ids`` and ``attention_mask``; returns ``last_hidden_state``'s name.

    Weights are inputs of the nodes under the checkpoint's names; matrices are (inputs, outputs), transposed.
    """
    cos, sin, mask = _positions(writer, shape)
    state = writer.op("Gather", ["embed_tokens.weight", "input_ids"], "embedded", axis=0)
    for layer in range(shape.num_hidden_layers):
        at = f"layers.{layer}"
        normed = _rms(writer, state, f"{at}.input_layernorm", shape)
        attended = _attention(writer, normed, f"{at}.self_attn", (cos, sin, mask), shape)
        state = writer.op("Add", [state, attended], f"{at}.attended")
        normed = _rms(writer, state, f"{at}.post_attention_layernorm", shape)
        state = writer.op("Add", [state, _feed_forward(writer, normed, f"{at}.mlp")], f"{at}.output")
    return writer.op("Identity", [_rms(writer, state, "norm", shape)], "last_hidden_state")


def _positions(writer: GraphWriter, shape: Shape) -> tuple[str, str, str]:
    """Cosines and sines (1, 1, length, head_dim) and the mask (batch, 1, 1, length, length) that is added."""
    half = shape.head_dim // 2
    frequencies = [shape.rope_theta ** (-2 * idx / shape.head_dim) for idx in range(half)]
    inverse = writer.floats("frequencies", frequencies, shape=[1, half])
    size = writer.op("Shape", ["input_ids"], "size")
    length = writer.op("Squeeze", [writer.op("Slice", [size, writer.ints(1), writer.ints(2)], "length1")], "length")
    zero = writer.op("Squeeze", [writer.ints(0)], "zero")
    one = writer.op("Squeeze", [writer.ints(1)], "one")
    places = writer.op("Range", [zero, length, one], "places")
    column = writer.op("Unsqueeze", [places, writer.ints(1)], "place_column")
    angles = writer.op("Mul", [writer.op("Cast", [column], "place_floats", to=1), inverse], "half_angles")
    angles = writer.op("Concat", [angles, angles], "angles", axis=-1)
    angles = writer.op("Unsqueeze", [angles, writer.ints(0, 1)], "head_angles")
    cos, sin = writer.op("Cos", [angles], "cos"), writer.op("Sin", [angles], "sin")
    row = writer.op("Unsqueeze", [places, writer.ints(0)], "place_row")
    later = writer.op("Greater", [row, column], "later")
    padding = writer.op("Equal", ["attention_mask", writer.ints(0)], "padding")
    padding = writer.op("Unsqueeze", [padding, writer.ints(1, 2, 3)], "padding5")
    hidden = writer.op("Or", [later, padding], "hidden")
    masked, seen = writer.floats("masked", [_MASKED]), writer.floats("seen", [0.0])
    return cos, sin, writer.op("Where", [hidden, masked, seen], "mask")


def _rms(writer: GraphWriter, state: str, name: str, shape: Shape) -> str:
    squares = writer.op("Mul", [state, state], f"{name}.squares")
    mean = writer.op("ReduceMean", [squares, writer.ints(-1)], f"{name}.mean", keepdims=1)
    raised = writer.op("Add", [mean, writer.floats("epsilon", [shape.rms_norm_eps])], f"{name}.raised")
    scaled = writer.op("Div", [state, writer.op("Sqrt", [raised], f"{name}.root")], f"{name}.scaled")
    return writer.op("Mul", [scaled, f"{name}.weight"], f"{name}.normed")


def _attention(writer: GraphWriter, state: str, name: str, places: tuple[str, str, str], shape: Shape) -> str:
    """Every key's group of queries is laid along the length, so that keys and values are never repeated."""
    heads, groups, size = shape.num_attention_heads, shape.num_key_value_heads, shape.head_dim
    per_group = heads // groups
    cos, sin, mask = places
    turned = {}
    for part, n_heads in (("q", heads), ("k", groups)):
        split = _heads(writer, state, f"{name}.{part}_proj", writer.ints(0, 0, n_heads, size))
        normed = _rms(writer, split, f"{name}.{part}_norm", shape)
        by_head = writer.op("Transpose", [normed], f"{name}.{part}_by_head", perm=[0, 2, 1, 3])
        turned[part] = _turn(writer, by_head, f"{name}.{part}", cos, sin)
    values = _heads(writer, state, f"{name}.v_proj", writer.ints(0, 0, groups, size))
    values = writer.op("Transpose", [values], f"{name}.v_by_head", perm=[0, 2, 1, 3])
    keys = writer.op("Transpose", [turned["k"]], f"{name}.k_across", perm=[0, 1, 3, 2])
    queries = writer.op("Mul", [turned["q"], writer.floats("scale", [size**-0.5])], f"{name}.q_scaled")
    queries = writer.op("Reshape", [queries, writer.ints(0, groups, -1, size)], f"{name}.q_grouped")
    logits = writer.op("MatMul", [queries, keys], f"{name}.logits")
    # (batch, groups, queries of the group × length, length) → one more axis, so that the mask fits every query
    by_length = writer.op(
        "Concat", [writer.ints(0, groups, per_group), "length1", "length1"], f"{name}.by_length", axis=0
    )
    logits = writer.op("Reshape", [logits, by_length], f"{name}.logits5")
    weights = writer.op("Softmax", [writer.op("Add", [logits, mask], f"{name}.masked")], f"{name}.weights", axis=-1)
    grouped = writer.op("Concat", [writer.ints(0, groups, -1), "length1"], f"{name}.grouped", axis=0)
    weights = writer.op("Reshape", [weights, grouped], f"{name}.weights4")
    mixed = writer.op("MatMul", [weights, values], f"{name}.mixed")
    to_heads = writer.op("Concat", [writer.ints(0, heads), "length1", writer.ints(size)], f"{name}.to_heads", axis=0)
    mixed = writer.op("Reshape", [mixed, to_heads], f"{name}.mixed4")
    mixed = writer.op("Transpose", [mixed], f"{name}.by_place", perm=[0, 2, 1, 3])
    flat = writer.op("Reshape", [mixed, writer.ints(0, 0, heads * size)], f"{name}.flat")
    return writer.op("MatMul", [flat, f"{name}.o_proj.weight"], f"{name}.output")


def _heads(writer: GraphWriter, state: str, name: str, split: str) -> str:
    projected = writer.op("MatMul", [state, f"{name}.weight"], f"{name}.projected")
    return writer.op("Reshape", [projected, split], f"{name}.split")


def _turn(writer: GraphWriter, state: str, name: str, cos: str, sin: str) -> str:
    """Rotary positions: the second half of each head, negated, becomes the first."""
    first, second = f"{name}.first", f"{name}.second"
    from onnx import helper

    writer.nodes.append(
        helper.make_node("Split", [state], [first, second], name=f"{name}.halves", axis=-1, num_outputs=2)
    )
    negated = writer.op("Neg", [second], f"{name}.negated")
    half_turned = writer.op("Concat", [negated, first], f"{name}.half_turned", axis=-1)
    straight = writer.op("Mul", [state, cos], f"{name}.straight")
    across = writer.op("Mul", [half_turned, sin], f"{name}.across")
    return writer.op("Add", [straight, across], f"{name}.turned")


def _feed_forward(writer: GraphWriter, state: str, name: str) -> str:
    gate = writer.op("MatMul", [state, f"{name}.gate_proj.weight"], f"{name}.gate")
    gate = writer.op("Mul", [gate, writer.op("Sigmoid", [gate], f"{name}.sigmoid")], f"{name}.swish")
    up = writer.op("MatMul", [state, f"{name}.up_proj.weight"], f"{name}.up")
    both = writer.op("Mul", [gate, up], f"{name}.both")
    return writer.op("MatMul", [both, f"{name}.down_proj.weight"], f"{name}.output")
