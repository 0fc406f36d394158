"""How texts of different lengths share a run: sorted by length, bounded in number and in tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], *, max_texts: int, max_tokens: int, padded: bool) -> Iterator[list[int]]:
    """Indexes of the texts of each run, longest first so that what memory allows is known at once.

    A run has at most ``max_texts`` texts and, padded to its longest, ``max_tokens`` tokens, but always one text.
    Without ``padded`` only texts of the same length share a run.
    """
    batch: list[int] = []
    for idx in sorted(range(len(lengths)), key=lambda idx: -lengths[idx]):
        if batch:
            longest = lengths[batch[0]]
            full = len(batch) == max_texts or (len(batch) + 1) * longest > max_tokens
            if full or (not padded and lengths[idx] != longest):
                yield batch
                batch = []
        batch.append(idx)
    if batch:
        yield batch
