"""From a published checkpoint (``config.json``, ``model.safetensors``) to an ONNX file, without torch.

Weights are read one by one and written as float32 into a file beside the graph.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from magray_core.errors import ProviderError
from magray_models.qwen.files import CHECKPOINT, CONFIG, TOKENIZER, Purpose
from magray_models.qwen.graph import OPSET, GraphWriter, Shape, write_network
from magray_models.qwen.prompts import NO, YES
from magray_models.qwen.tokens import FileVocabulary, required_id

if TYPE_CHECKING:
    import numpy as np
    import onnx
    from numpy.typing import NDArray

FORMAT = "1"
"""Bump it when the same checkpoint becomes another graph."""

_IR_VERSION = 10
_ALIGNMENT = 4096  # onnxruntime maps weights that begin on a page
_NOT_QWEN3 = "only Qwen3's embedding and reranking checkpoints can be converted"


def convert(folder: Path, purpose: Purpose, target: Path) -> None:
    """Write ``target`` and, with ``_data`` at its name's end, its weights, from the checkpoint in the folder.

    A reranker keeps only the two rows of its head that say yes and no. Takes about twice the checkpoint's size on
    disk. Raises ProviderError if the checkpoint is another model, damaged, or there is no room.
    """
    shape, tied = _read_config(folder / CONFIG)
    source = folder / CHECKPOINT
    writer = GraphWriter()
    output, width = write_network(writer, shape), shape.hidden_size
    if purpose == "reranking":
        output, width = writer.op("MatMul", [output, "answers.weight"], "yes_no_logits"), 2
    location = f"{target.name}_data"
    data, graph = (folder / f".{name}.{os.getpid()}" for name in (location, target.name))
    try:
        if shutil.disk_usage(folder).free < 2.2 * source.stat().st_size:
            raise ProviderError(f"there is no room in {folder} to convert {CHECKPOINT}", hint="free some disk space")
        with data.open("wb") as file:
            weights = _weights(folder, shape, purpose, tied=tied)
            tensors = [_append(file, location, name, array) for name, array in weights]
        graph.write_bytes(_model(writer, tensors, output, width))
        data.replace(folder / location)
        graph.replace(target)
    except OSError as error:
        raise ProviderError(f"{source} cannot be converted: {error.strerror or error}") from error
    finally:
        data.unlink(missing_ok=True)
        graph.unlink(missing_ok=True)


def _read_config(path: Path) -> tuple[Shape, bool]:
    """The model's sizes and whether its head is its embedding."""
    try:
        config: dict[str, Any] = json.loads(path.read_bytes())
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        shape = Shape(
            hidden_size=int(config["hidden_size"]),
            num_hidden_layers=int(config["num_hidden_layers"]),
            num_attention_heads=int(config["num_attention_heads"]),
            num_key_value_heads=int(config["num_key_value_heads"]),
            head_dim=int(config.get("head_dim") or config["hidden_size"] // max(1, config["num_attention_heads"])),
            rms_norm_eps=float(config["rms_norm_eps"]),
            rope_theta=float(rope.get("rope_theta") or config["rope_theta"]),
        )
    except OSError as error:
        raise ProviderError(
            f"{path} cannot be read: {error.strerror}", hint="it is published beside the model"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProviderError(f"{path} is not a model's configuration", hint=_NOT_QWEN3) from error
    counts = (shape.hidden_size, shape.num_hidden_layers, shape.num_attention_heads, shape.num_key_value_heads)
    if min(*counts, shape.head_dim) < 1 or shape.head_dim % 2 or counts[2] % counts[3]:
        raise ProviderError(f"{path} is not a model's configuration", hint=_NOT_QWEN3)
    plain = rope.get("rope_type", rope.get("type", "default")) == "default"
    if config.get("model_type") != "qwen3" or config.get("attention_bias") or not plain:
        raise ProviderError(f"{path} describes another network", hint=_NOT_QWEN3)
    return shape, bool(config.get("tie_word_embeddings", False))


def _weights(folder: Path, shape: Shape, purpose: Purpose, *, tied: bool) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """(name, float32 array) of every weight that the graph names, matrices transposed."""
    import ml_dtypes  # noqa: F401 - teaches numpy bfloat16, which checkpoints are published in
    import numpy as np
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / CHECKPOINT, framework="numpy") as checkpoint:
            stored = {name.removeprefix("model."): name for name in checkpoint.offset_keys()}
            for name, expected in _expected(shape).items():
                array = checkpoint.get_tensor(stored[name])
                if not _fits(array.shape, expected):
                    raise ProviderError(f"{name} in {CHECKPOINT} has another size than config.json tells")
                matrix = array.ndim == 2 and name != "embed_tokens.weight"
                yield name, np.ascontiguousarray(array.T if matrix else array, dtype=np.float32)
            if purpose == "reranking":
                head = checkpoint.get_slice(stored["embed_tokens.weight" if tied else "lm_head.weight"])
                vocabulary = FileVocabulary(folder / TOKENIZER)
                ids = [required_id(vocabulary, word) for word in (YES, NO)]
                rows = [np.asarray(head[idx : idx + 1]).astype(np.float32) for idx in ids]
                yield "answers.weight", np.ascontiguousarray(np.concatenate(rows).T)
    except KeyError as error:
        raise ProviderError(f"{CHECKPOINT} has no tensor {error.args[0]}", hint=_NOT_QWEN3) from error
    except SafetensorError as error:
        raise ProviderError(f"{folder / CHECKPOINT} is damaged: {error}", hint="fetch the model again") from error


def _expected(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Name and published size of every weight; -1 where any size will do."""
    hidden, size = shape.hidden_size, shape.head_dim
    queries, keys = shape.num_attention_heads * size, shape.num_key_value_heads * size
    sizes: dict[str, tuple[int, ...]] = {"embed_tokens.weight": (-1, hidden), "norm.weight": (hidden,)}
    for layer in range(shape.num_hidden_layers):
        at = f"layers.{layer}"
        sizes |= {
            f"{at}.input_layernorm.weight": (hidden,),
            f"{at}.post_attention_layernorm.weight": (hidden,),
            f"{at}.self_attn.q_proj.weight": (queries, hidden),
            f"{at}.self_attn.k_proj.weight": (keys, hidden),
            f"{at}.self_attn.v_proj.weight": (keys, hidden),
            f"{at}.self_attn.o_proj.weight": (hidden, queries),
            f"{at}.self_attn.q_norm.weight": (size,),
            f"{at}.self_attn.k_norm.weight": (size,),
            f"{at}.mlp.gate_proj.weight": (-1, hidden),
            f"{at}.mlp.up_proj.weight": (-1, hidden),
            f"{at}.mlp.down_proj.weight": (hidden, -1),
        }
    return sizes


def _fits(found: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    return len(found) == len(expected) and all(want in (-1, got) for want, got in zip(expected, found, strict=True))


def _append(file: BinaryIO, location: str, name: str, array: NDArray[np.float32]) -> onnx.TensorProto:
    """Write a weight at the end of the data file; returns what the graph says of it."""
    from onnx import StringStringEntryProto, TensorProto

    file.write(b"\0" * (-file.tell() % _ALIGNMENT))
    place = {"location": location, "offset": str(file.tell()), "length": str(array.nbytes)}
    file.write(array.data.cast("B"))
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=array.shape, data_location=TensorProto.EXTERNAL)
    tensor.external_data.extend(StringStringEntryProto(key=key, value=value) for key, value in place.items())
    return tensor


def _model(writer: GraphWriter, tensors: list[onnx.TensorProto], output: str, width: int) -> bytes:
    from onnx import TensorProto, helper

    text = ["batch", "length"]
    graph = helper.make_graph(
        writer.nodes,
        "qwen3",
        [helper.make_tensor_value_info(name, TensorProto.INT64, text) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [*text, width])],
        [*writer.constants.values(), *tensors],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION, producer_name="magray"
    )
    serialized: bytes = model.SerializeToString()
    return serialized
