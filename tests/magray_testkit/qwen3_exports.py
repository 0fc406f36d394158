"""The ONNX files that people have: one graph, rewritten into the shapes of other exporters' outputs and inputs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from magray_testkit.tiny_qwen3 import TinyQwen3

MICROSOFT = "com.microsoft"


def rewrite(source: Path, target: Path, change: Callable[[onnx.GraphProto], None]) -> Path:
    """A folder with the changed graph of ``source``'s, its weights inside, and the same tokenizer."""
    target.mkdir(parents=True)
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
    (graph,) = source.glob("*.onnx")
    model = onnx.load(graph)
    change(model.graph)
    if all(entry.domain != MICROSOFT for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    onnx.save(model, target / "model.onnx")
    return target


def with_past(tiny: TinyQwen3) -> Callable[[onnx.GraphProto], None]:
    """Keys and values of earlier tokens as inputs, position ids nobody reads, and the new keys as outputs."""

    def change(graph: onnx.GraphProto) -> None:
        sizes = tiny.sizes
        nodes = {node.name: node for node in graph.node}
        past = ["batch", sizes.kv_heads, "past", sizes.head_dim]
        graph.input.append(helper.make_tensor_value_info("position_ids", TensorProto.INT64, ["batch", "length"]))
        for layer in range(sizes.layers):
            at = f"layers.{layer}.self_attn"
            for part, reader, value in (("key", "k_across", "k.turned"), ("value", "mixed", "v_by_head")):
                old, new = f"past_key_values.{layer}.{part}", f"present.{layer}.{part}"
                graph.input.append(helper.make_tensor_value_info(old, TensorProto.FLOAT, past))
                graph.output.append(helper.make_tensor_value_info(new, TensorProto.FLOAT, past))
                joined = helper.make_node("Concat", [old, f"{at}.{value}"], [new], axis=2)
                user = nodes[f"{at}.{reader}"]
                user.input[list(user.input).index(f"{at}.{value}")] = new
                graph.node.insert(list(graph.node).index(user), joined)

    return change


def with_grouped_attention(tiny: TinyQwen3) -> Callable[[onnx.GraphProto], None]:
    """Attention as onnxruntime's fused operator, which counts each text's tokens from its start."""

    def change(graph: onnx.GraphProto) -> None:
        sizes = tiny.sizes
        add = helper.make_node
        past = ["batch", sizes.kv_heads, "past", sizes.head_dim]
        for name, values in (("one", [1]), ("flat_shape", [0, 0, -1]), ("second_axis", [1])):
            graph.initializer.append(numpy_helper.from_array(np.array(values, np.int64), f"gqa.{name}"))
        graph.initializer.append(numpy_helper.from_array(np.array([1], np.int32), "gqa.one32"))
        lead = [
            add("ReduceSum", ["attention_mask", "gqa.second_axis"], ["gqa.counts"], keepdims=0),
            add("Cast", ["gqa.counts"], ["gqa.counts32"], to=TensorProto.INT32),
            add("Sub", ["gqa.counts32", "gqa.one32"], ["gqa.last"]),
            add("Cast", ["length"], ["gqa.total"], to=TensorProto.INT32),
        ]
        for layer in range(sizes.layers):
            at = f"layers.{layer}.self_attn"
            body: list[Any] = []
            for part, value in (("q", "q.turned"), ("k", "k.turned"), ("v", "v_by_head")):
                body.append(add("Transpose", [f"{at}.{value}"], [f"{at}.{part}_back"], perm=[0, 2, 1, 3]))
                body.append(add("Reshape", [f"{at}.{part}_back", "gqa.flat_shape"], [f"{at}.{part}_flat"]))
            old = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
            new = [f"present.{layer}.{part}" for part in ("key", "value")]
            graph.input.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, past) for name in old)
            graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, past) for name in new)
            flat = [f"{at}.{part}_flat" for part in "qkv"]
            body.append(
                add(
                    "GroupQueryAttention", [*flat, *old, "gqa.last", "gqa.total"], [f"{at}.fused", *new],
                    domain=MICROSOFT, num_heads=sizes.heads, kv_num_heads=sizes.kv_heads,
                )
            )  # fmt: skip
            user = next(node for node in graph.node if node.name == f"{at}.output")
            user.input[0] = f"{at}.fused"
            place = list(graph.node).index(user)
            for offset, node in enumerate([*lead, *body] if layer == 0 else body):
                graph.node.insert(place + offset, node)

    return change


def with_logits(tiny: TinyQwen3, *, last_only: bool) -> Callable[[onnx.GraphProto], None]:
    """The whole vocabulary's logits, of every position or, as ``num_logits_to_keep`` asks, of the last ones."""

    def change(graph: onnx.GraphProto) -> None:
        _drop_head(graph)
        head = tiny.weights["embed_tokens.weight"].T.copy()
        graph.initializer.append(numpy_helper.from_array(head, "lm_head.weight"))
        state = "last_hidden_state"
        if last_only:
            graph.input.append(helper.make_tensor_value_info("num_logits_to_keep", TensorProto.INT64, []))
            one = numpy_helper.from_array(np.array([1], np.int64), "axis_one")
            far = numpy_helper.from_array(np.array([2**31], np.int64), "far")
            shape = numpy_helper.from_array(np.array([1], np.int64), "one_shape")
            graph.initializer.extend([one, far, shape])
            graph.node.append(helper.make_node("Neg", ["num_logits_to_keep"], ["start0"]))
            graph.node.append(helper.make_node("Reshape", ["start0", "one_shape"], ["start"]))
            graph.node.append(helper.make_node("Slice", [state, "start", "far", "axis_one"], ["kept"]))
            state = "kept"
        graph.node.append(helper.make_node("MatMul", [state, "lm_head.weight"], ["logits"]))
        shape_of = ["batch", "kept" if last_only else "length", head.shape[1]]
        graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape_of))

    return change


def as_classifier(tiny: TinyQwen3) -> Callable[[onnx.GraphProto], None]:
    """One number for each pair, yes less no, read at the last token that is not padding; in half precision."""

    def change(graph: onnx.GraphProto) -> None:
        _drop_head(graph)
        head = tiny.weights["embed_tokens.weight"]
        difference = (head[tiny.ids["yes"]] - head[tiny.ids["no"]])[:, None].copy()
        add = helper.make_node
        for name, array in (("score.weight", difference), ("axis1", np.array([1])), ("minus1", np.array([1]))):
            graph.initializer.append(numpy_helper.from_array(array, name))
        graph.node.extend(
            [
                add("ReduceSum", ["attention_mask", "axis1"], ["counts"], keepdims=1),
                add("Sub", ["counts", "minus1"], ["ends"]),
                add("GatherND", ["last_hidden_state", "ends"], ["pooled"], batch_dims=1),
                add("MatMul", ["pooled", "score.weight"], ["score32"]),
                add("Cast", ["score32"], ["logits"], to=TensorProto.FLOAT16),
            ]
        )
        graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT16, ["batch", 1]))

    return change


def one_text_at_a_time(graph: onnx.GraphProto) -> None:
    """An export whose batch is always one text."""
    for entry in (*graph.input, *graph.output):
        entry.type.tensor_type.shape.dim[0].dim_value = 1


def _drop_head(graph: onnx.GraphProto) -> None:
    """Back to the hidden states of a graph that ends in yes and no."""
    del graph.output[:]
    for node in [node for node in graph.node if node.name == "yes_no_logits"]:
        graph.node.remove(node)
