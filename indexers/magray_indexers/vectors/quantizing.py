"""Vectors in one byte a number. Cosine does not depend on length, so no scale is kept.

Rounding to 127 steps of the largest number changes a cosine by less than 0.01 for 256 numbers; the candidates that
matter are scored again with the query unrounded (``exact.ExactIndex``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def quantized(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """(n, dim) int8 of (n, dim) float32; each row uses the whole range, a row of zeros stays one."""
    import numpy as np

    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
    return np.rint(vectors * (127.0 / np.where(largest > 0, largest, 1.0))).astype(np.int8)


def normalized(rows: NDArray[np.int8]) -> NDArray[np.float32]:
    """(n, dim) float32, L2-normalised, of quantized rows."""
    import numpy as np

    vectors = rows.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    lengths[lengths == 0] = 1.0
    vectors /= lengths
    return vectors
