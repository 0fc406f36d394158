"""Trains the table and the maps by contrast: ``python -m static.training.train --prepared FILE --out FILE``.

Needs torch, which the product does not. The same seed, torch and number of threads give the same file.
"""

from __future__ import annotations

import argparse
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from magray_models.embedders.static import Vocabulary
from static.training.bags import Asking, Bag, Examples, Ints, batches
from static.training.vocabulary import glossary_pairs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number that the training depends on."""

    dim: int = 256
    hidden: int = 512
    batch: int = 1_024
    group: int = 32
    most_tokens: int = 80
    steps: int = 3_000
    rate: float = 5e-3
    head_rate: float = 1e-3
    temperature: float = 0.06
    coolest: float = 0.035
    dropped: float = 0.12
    in_russian: float = 0.08
    seed: int = 7


def tower(n_rows: int, recipe: Recipe) -> Any:
    """One side's gains and its bend, at rest: gains of one and a hidden layer that adds nothing yet."""
    import torch

    bend = torch.nn.ModuleDict({
        "inner": torch.nn.Linear(recipe.dim, recipe.hidden), "outer": torch.nn.Linear(recipe.hidden, recipe.dim),
    })  # fmt: skip
    torch.nn.init.zeros_(bend["outer"].weight)
    torch.nn.init.zeros_(bend["outer"].bias)
    bend.register_parameter("gain", torch.nn.Parameter(torch.zeros(n_rows)))
    return bend


def forward(side: Any, table: Any, places: Any, bag: Bag) -> Any:
    """(n_texts, dim) normalised vectors; ``places`` are the bag's rows within ``table``, a part of the whole one."""
    import torch
    from torch.nn.functional import embedding_bag, normalize, relu

    weights = torch.from_numpy(bag.weights) * torch.exp(side.gain[torch.from_numpy(bag.rows.astype(np.int64))])
    summed = embedding_bag(places, table, torch.from_numpy(bag.offsets[:-1]), mode="sum", per_sample_weights=weights)
    middle = normalize(summed, dim=1)
    return normalize(middle + side["outer"](relu(side["inner"](middle))), dim=1)


class LazyAdam:
    """Adam for a large table of which a step touches a part: only the touched rows move."""

    def __init__(self, table: Any, rate: float) -> None:
        import torch

        self.table, self.rate = table, rate
        self.first, self.second = torch.zeros_like(table), torch.zeros_like(table)
        self.steps = torch.zeros(len(table), 1)

    def step(self, rows: Any, gradient: Any, scale: float) -> None:
        """Move ``rows`` against their gradient; ``scale`` is the schedule's."""
        first = self.first[rows].mul_(0.9).add_(gradient, alpha=0.1)
        second = self.second[rows].mul_(0.99).addcmul_(gradient, gradient, value=0.01)
        steps = self.steps[rows].add_(1)
        self.first[rows], self.second[rows], self.steps[rows] = first, second, steps
        size = first.div(1 - 0.9**steps).div_(second.div(1 - 0.99**steps).sqrt_().add_(1e-8))
        self.table.index_add_(0, rows, size, alpha=-self.rate * scale)


class Training:
    """What is being trained and how far it is."""

    def __init__(self, examples: Examples, words: list[str], n_buckets: int, recipe: Recipe) -> None:
        import torch

        torch.manual_seed(recipe.seed)
        self.examples, self.words, self.n_buckets, self.recipe = examples, words, n_buckets, recipe
        n_rows = n_buckets + len(words)
        uses = np.bincount(np.concatenate([examples.left.rows, examples.right.rows]), minlength=n_rows)
        share = uses / len(examples.languages)
        start = np.sqrt(1e-3 / (1e-3 + share)).clip(0.1)
        spread = torch.from_numpy(start.astype(np.float32))[:, None] / math.sqrt(recipe.dim)
        self.table = torch.randn(n_rows, recipe.dim) * spread
        self.asks, self.tells = tower(n_rows, recipe), tower(n_rows, recipe)
        self.heat = torch.nn.Parameter(torch.tensor(math.log(1 / recipe.temperature)))
        self.rows_optimizer = LazyAdam(self.table, recipe.rate / math.sqrt(recipe.dim) * 4)
        self.optimizer = torch.optim.Adam(
            [{"params": [*self.asks.parameters(), *self.tells.parameters()], "lr": recipe.head_rate},
             {"params": [self.heat], "lr": 1e-3}], betas=(0.9, 0.98),
        )  # fmt: skip
        self.base_rates = [group["lr"] for group in self.optimizer.param_groups]

    def step(self, chosen: Ints, question: Bag, scale: float, rng: np.random.Generator) -> float:
        """One step on the chosen pairs; the loss."""
        import torch

        text = self.examples.right.take(chosen).thinned(self.recipe.most_tokens, rng)
        rows, places = np.unique(np.concatenate([question.rows, text.rows]), return_inverse=True)
        at = torch.from_numpy(rows.astype(np.int64))
        part = self.table[at].requires_grad_()
        place = torch.from_numpy(places)
        sides = place[: len(question.rows)], place[len(question.rows) :]
        loss = self._loss(
            chosen, forward(self.asks, part, sides[0], question), forward(self.tells, part, sides[1], text)
        )
        russian = np.flatnonzero(self.examples.translated[chosen])
        if len(russian) > 1:  # Russian is also what is asked, so the sides change places.
            turned = (
                forward(self.asks, part, sides[1], text)[russian],
                forward(self.tells, part, sides[0], question)[russian],
            )
            loss = loss + self._loss(chosen[russian], *turned) * len(russian) / len(chosen)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for group, rate in zip(self.optimizer.param_groups, self.base_rates, strict=True):
            group["lr"] = rate * scale
        self.optimizer.step()
        with torch.no_grad():
            self.heat.clamp_(max=math.log(1 / self.recipe.coolest))
            self.rows_optimizer.step(at, part.grad, scale)
        return float(loss.item())

    def _loss(self, chosen: Ints, x: Any, y: Any) -> Any:
        """Cross entropy both ways, less the pairs of the batch that say or show the same thing."""
        import torch
        from torch.nn.functional import cross_entropy

        left, right = self.examples.same_left[chosen], self.examples.same_right[chosen]
        alike = (left[:, None] == left[None]) | (right[:, None] == right[None])
        np.fill_diagonal(alike, False)
        score = (x @ y.T * torch.exp(self.heat)).masked_fill(torch.from_numpy(alike), -1e4)
        target = torch.arange(len(chosen))
        return (cross_entropy(score, target) + cross_entropy(score.T, target)) / 2

    def save(self, out: Path) -> None:
        """Write the trained numbers as they are, for ``export`` to make small."""
        arrays: dict[str, Any] = {
            "words": np.array("\n".join(self.words)), "table": self.table.numpy(), "n_buckets": self.n_buckets,
        }  # fmt: skip
        for name, side in (("query", self.asks), ("text", self.tells)):
            arrays |= {f"{name}.{key}": value.detach().numpy() for key, value in side.state_dict().items()}
        np.savez(out, **arrays)


def train(prepared: Path, glossary: Path, out: Path, recipe: Recipe) -> None:
    """The whole run, from prepared pairs to a file of trained numbers."""
    rng = np.random.default_rng(recipe.seed)
    examples, words, n_buckets = Examples.load(prepared)
    log.info("%d pairs, %d words", len(examples.languages), len(words))
    training = Training(examples, words, n_buckets, recipe)
    asking = Asking(
        Vocabulary(words, n_buckets),
        words,
        (recipe.dropped, recipe.in_russian),
        glossary_pairs(glossary.read_text(encoding="utf-8")),
    )
    at, began, losses = 0, time.monotonic(), [0.0]
    while at < recipe.steps:
        for chosen in batches(examples.sources, recipe.batch, recipe.group, rng)[: recipe.steps - at]:
            question = asking.ask(examples.left.take(chosen), examples.languages[chosen], rng)
            scale = min(1.0, (at + 1) / 100) * max(0.02, 0.5 * (1 + math.cos(math.pi * at / recipe.steps)))
            losses.append(training.step(chosen, question, scale, rng))
            at += 1
            if at % 50 == 0:
                heat = math.exp(-training.heat.item())
                log.info(
                    "%d/%d loss %.3f heat %.4f %.0f s",
                    at,
                    recipe.steps,
                    np.mean(losses[-100:]),
                    heat,
                    time.monotonic() - began,
                )
            if at % 1000 == 0:
                training.save(out)
    training.save(out)


def main() -> None:
    """Reads the command line and trains."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--glossary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=NUMBER")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(arguments.threads)
    changed = {
        name: type(getattr(Recipe(), name))(float(value)) for name, value in (item.split("=") for item in arguments.set)
    }
    train(arguments.prepared, arguments.glossary, arguments.out, Recipe(**changed))


if __name__ == "__main__":
    main()
