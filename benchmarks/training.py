"""Time to 99.0 % on MNIST's test set: the trainer beside PyTorch's own MNIST example.

    python -m benchmarks.training data/mnist ../shared/data [--seeds 0 1 2]

Counted is everything from the start of the process to its end with a saved model: imports, reading the images (70,000
PNG files for the trainer, without a cache; MNIST's four raw files for the example), training, testing. The trainer's
schedule is fixed beforehand and may fall short of the target, which the table then shows; the example tests after every
epoch and ends as soon as it is there. Beside the time is that of processors, of all processes together: on a machine
that does something else too, that alone can be compared.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from training import checkpoint
from training.optimisation import computes_bfloat16

TARGET = 0.99
# One pass over the images is enough for a narrow network of few blocks, if Muon trains it, the learning rate rises and
# falls within it, the weights are averaged over the last of it, and nothing makes the images harder. MNIST's digits are
# centred already: plain.
# bfloat16 saves a quarter of the time where the processor has instructions for it, and costs much where it has not.
# Nothing is searched for or added that the example does not have: no 8-bit integers, no report, no neighbours.
RECIPE = (
    "--preprocessing plain --widths 16 48 --blocks 0 1 --epochs 1 --batch-size 256 --opt muon --lr 0.05 "
    "--lr-warmup-epochs 0.3 "
    "--augment --model-ema-decay 0.98 --validation-fraction 0 --no-report --no-quantise --no-neighbours"
    + " --amp"
    * computes_bfloat16()
)


@dataclass(frozen=True)
class Spent:
    """Seconds from a command's start to its end, and of processors for it."""

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} ({self.processor:.1f})"


def ours(data: Path, seed: int) -> tuple[Spent, str]:
    """Time and result of one training on the tree."""
    with tempfile.TemporaryDirectory() as folder:
        tree, model = Path(folder, "tree"), Path(folder, "model.pt")
        tree.mkdir()  # its own, so that no cache lies beside the images
        for part in ("train", "test"):
            (tree / part).symlink_to((data / part).resolve())
        arguments = ["-m", "training", "train", str(tree), "--output", str(model), "--seed", str(seed)]
        spent, _ = _timed([*arguments, *shlex.split(RECIPE)])
        accuracy = checkpoint.load(model).metrics["test"]["accuracy"]
    return spent, f"{accuracy:.2%}{'' if accuracy >= TARGET else ', short of it'}"


def stock(root: Path, seed: int) -> tuple[Spent, str]:
    """Time and result of one training by the example's protocol on the raw files."""
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder, "model.pt"))
        arguments = ["-m", "benchmarks.stock_example", str(root), output, "--target", str(TARGET), "--seed", str(seed)]
        spent, printed = _timed(arguments)
    *_, last = printed.splitlines()
    _, epochs, _, accuracy = last.split()
    return spent, f"{accuracy} after {epochs} epochs"


def _timed(arguments: list[str]) -> tuple[Spent, str]:
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime), done.stdout


def main() -> None:
    """Run both, turn and turn about, and print the table and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the MNIST tree")
    parser.add_argument("root", type=Path, help="the folder that has MNIST/raw")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores; python -m training train DATA {RECIPE}\n")
    print("| seed | trainer, s (of processors) | its accuracy | example, s (of processors) | its accuracy |")
    print("|---|---|---|---|---|")
    runs = []
    for seed in options.seeds:
        (own, result), (other, reached) = ours(options.data, seed), stock(options.root, seed)
        print(f"| {seed} | {own} | {result} | {other} | {reached} |", flush=True)
        runs.append((own, other))
    for kind in ("wall", "processor"):
        own, other = (statistics.mean(getattr(spent, kind) for spent in column) for column in zip(*runs, strict=True))
        print(f"{kind}: mean {own:.1f} s beside {other:.1f} s, {other / own:.1f} times less")


if __name__ == "__main__":
    main()
