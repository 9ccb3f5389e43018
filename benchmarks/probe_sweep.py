"""Measure probe sweeps against scikit-learn, capture against plain forward passes, gpu against cpu.

`--gpu-only FILE` writes the section on a CUDA device alone; it needs torch, scikit-learn and
jaxtyping. The full benchmark keeps that section where the machine that runs it has no such device.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import sklearn
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from probes.linear.features import Features
from probes.linear.folds import Folds, Split
from probes.linear.rows import Rows, Targets
from probes.linear.sweep import Fit, Method, sweep
from probes.network.capture import read_sites
from probes.parsing import parse_json

SITES, TARGETS, TRAINED, WIDTH, HIDDEN = 10, 20, 4000, 128, 32
ROUNDS = 3
SEED = 20
GPU_SIZES = {"sites": (50, 1, 100), "positions": (2, 32, 100)}
"""Name -> sites, positions and targets of the sweeps that fill a gpu."""


@dataclass(frozen=True)
class Problem:
    """Activations with targets that a few of their directions tell apart, with noise.

    Attributes:
        activations: by site, as many rows again to test on.
        labels: two classes each.
    """

    activations: Mapping[str, Tensor]
    labels: Tensor

    @classmethod
    def draw(cls, *, sites: int, targets: int, positions: int = 1) -> Problem:
        """The same numbers on every machine."""
        generator = torch.Generator().manual_seed(SEED)
        shape = (2 * TRAINED, positions, WIDTH)
        hidden = torch.randn(2 * TRAINED, HIDDEN, generator=generator)
        activations = {}
        for number in range(sites):
            mixing = torch.randn(HIDDEN, positions * WIDTH, generator=generator)
            noise = (1 + number % 10) * torch.randn(shape, generator=generator)
            activations[f"site {number}"] = (hidden @ mixing).view(shape) + noise
        directions = torch.randn(HIDDEN, targets, generator=generator)
        signal = 3 * hidden @ directions / HIDDEN**0.5
        noise = torch.randn(signal.shape, generator=generator)
        return cls(activations, (signal + noise > 0).long())

    @property
    def n_probes(self) -> int:
        """Sites x positions x targets."""
        return sum(rows.shape[1] for rows in self.activations.values()) * self.labels.shape[1]

    def rows(self, device: str) -> Rows:
        """Half of the instances to train on, half to test on."""
        targets = Targets.of({f"target {n}": c for n, c in enumerate(self.labels.unbind(dim=1))})
        split = Split(torch.arange(TRAINED), torch.arange(TRAINED, 2 * TRAINED))
        moved = {site: rows.to(device) for site, rows in self.activations.items()}
        features = Features.given(moved, device=device)
        return Rows.choose(features, targets, Folds.of_split(split))

    def by_scikit_learn(self, solver: str) -> np.ndarray:
        """Held-out accuracies of a loop over sites and targets."""
        accuracies = []
        for rows in self.activations.values():
            x = rows[:, 0].double().numpy()
            for labels in self.labels.unbind(dim=1):
                y = labels.numpy()
                probe = LogisticRegression(solver=solver).fit(x[:TRAINED], y[:TRAINED])
                accuracies.append(probe.score(x[TRAINED:], y[TRAINED:]))
        return np.array(accuracies)


def spent(clock: Callable[[], float], work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds by a clock, and what came of them."""
    started = clock()
    result = work()
    return clock() - started, result


def paired(rounds: list[tuple[float, float]]) -> dict[str, float]:
    """Rounds of (reference, ours) as medians, with the range of reference over ours."""
    ratios = [reference / ours for reference, ours in rounds]
    return {
        "reference_seconds": median(reference for reference, _ in rounds),
        "seconds": median(ours for _, ours in rounds),
        "speed_up": median(ratios),
        "least": min(ratios),
        "most": max(ratios),
    }


def against_scikit_learn() -> dict[str, Any]:
    """CPU seconds of 200 probes on one thread, the ways in turn in every round."""
    problem = Problem.draw(sites=SITES, targets=TARGETS)
    rows = problem.rows("cpu")
    solvers = ("lbfgs", "newton-cholesky")
    ours: dict[Method, list[float]] = {method: [] for method in Method}
    theirs: dict[str, list[float]] = {solver: [] for solver in solvers}
    accuracy: dict[str, np.ndarray] = {}
    for _ in range(ROUNDS):
        for solver in solvers:
            seconds, found = spent(time.process_time, lambda s=solver: problem.by_scikit_learn(s))
            theirs[solver].append(seconds)
            accuracy[solver] = found
        for method in Method:
            fit = Fit(method=method)
            seconds, swept = spent(time.process_time, lambda f=fit: sweep(rows, fit=f))
            ours[method].append(seconds)
            accuracy[method.value] = swept.accuracy.flatten().numpy()
    reference = accuracy["lbfgs"]

    def compared(solver: str, method: Method) -> dict[str, float]:
        return paired(list(zip(theirs[solver], ours[method], strict=True)))

    return {
        "probes": problem.n_probes,
        "rows": TRAINED,
        "width": WIDTH,
        "rounds": ROUNDS,
        "cpu_seconds": {
            **{f"{method} against lbfgs": compared("lbfgs", method) for method in Method},
            "logistic against newton-cholesky": compared("newton-cholesky", Method.logistic),
        },
        "held_out_accuracy": {
            name: {
                "mean": float(values.mean()),
                "less_lbfgs": float((values - reference).mean()),
                "largest_difference_of_a_probe": float(np.abs(values - reference).max()),
            }
            for name, values in accuracy.items()
        },
    }


def capture_overhead() -> dict[str, Any]:
    """CPU seconds of forward passes with and without reading every residual site, in turn."""
    from organisms.records.net_spec import NetSpec
    from organisms.zoo.spec import OrganismSpec

    spec = OrganismSpec("maze/aligned_plain", seed=0, net=NetSpec(64))
    world, generator = spec.world, torch.Generator().manual_seed(SEED)
    net = spec.shape.build(generator).eval()
    tokens = world.tokens(world.sample(256, generator=generator))
    last = ("hook_resid_pre", "hook_resid_mid", "hook_resid_post")
    sites = [name for name, _ in net.named_modules() if name.rpartition(".")[2] in last]

    def whole() -> None:
        features = Features.of_network(net, tokens, sites)
        for site in sites:
            list(features.blocks(site))

    ways: dict[str, Callable[[], Any]] = {
        "read": lambda: read_sites(net, tokens, sites),
        "read, checked and kept": whole,
    }
    with torch.no_grad():
        net(tokens)
        rounds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(8 * ROUNDS):
            before, _ = spent(time.process_time, lambda: net(tokens))
            for name, work in ways.items():
                seconds, _ = spent(time.process_time, work)
                after, _ = spent(time.process_time, lambda: net(tokens))
                rounds[name].append(2 * seconds / (before + after))
                before = after
    return {
        "sites": len(sites),
        "instances": len(tokens),
        "over_a_plain_forward": {
            name: {
                "median": median(ratios),
                "quartiles": np.quantile(ratios, (0.25, 0.75)).tolist(),
            }
            for name, ratios in rounds.items()
        },
    }


def synchronised() -> float:
    """Wall clock once the device has nothing left to do."""
    torch.cuda.synchronize()
    return time.perf_counter()


def on_gpu() -> dict[str, Any]:
    """Probes per second on a CUDA device and on one thread of its processor; about 30 seconds."""
    if not torch.cuda.is_available():
        return {"not_measured": "torch sees no CUDA device on this machine"}
    sizes = {"200 probes": (SITES, 1, TARGETS), **GPU_SIZES}
    table = {}
    for name, (sites, positions, targets) in sizes.items():
        large = Problem.draw(sites=sites, targets=targets, positions=positions)
        # every site and position costs the processor the same, so a few of them tell its speed
        few = {site: rows[:, :2] for site, rows in list(large.activations.items())[:2]}
        small = Problem(few, large.labels)
        rows, by_cpu, by_gpu = large.rows("cuda"), small.rows("cpu"), small.rows("cuda")
        for method in Method:
            fit = Fit(method=method)
            sweep(rows, fit=fit)
            seconds = min(spent(synchronised, lambda: sweep(rows, fit=fit))[0] for _ in range(2))  # noqa: B023
            cpu_seconds, on_cpu = spent(time.perf_counter, lambda: sweep(by_cpu, fit=fit))  # noqa: B023
            rate, cpu_rate = large.n_probes / seconds, small.n_probes / cpu_seconds
            differences = (sweep(by_gpu, fit=fit).accuracy - on_cpu.accuracy).abs()
            table[f"{name}, {method}"] = {
                "probes": large.n_probes,
                "probes_per_second": rate,
                "cpu_probes_per_second": cpu_rate,
                "ratio": rate / cpu_rate,
                "largest_difference_of_accuracy": float(differences.max()),
            }
    return {
        "device": torch.cuda.get_device_name(),
        "versions": {"torch": torch.__version__, "scikit-learn": sklearn.__version__},
        "python": platform.python_version(),
        "rows": TRAINED,
        "width": WIDTH,
        "sweeps": table,
        "peak_gib": torch.cuda.max_memory_allocated() / 2**30,
    }


def rounded(content: Any) -> Any:
    """Every number with four significant digits."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [rounded(value) for value in content]
    return float(f"{content:.4g}") if isinstance(content, float) else content


def main() -> None:
    """Write `results/probe-sweep.json`, or the gpu section alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu-only", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.gpu_only:
        arguments.gpu_only.write_text(
            json.dumps(rounded(on_gpu()), indent=1) + "\n", encoding="utf-8"
        )
        return
    from costs import RESULTS, machine

    path = RESULTS / "probe-sweep.json"
    gpu = on_gpu()
    if "not_measured" in gpu and path.exists():
        gpu = parse_json(path.read_bytes(), path)["gpu"]
    content = {
        "against_scikit_learn": against_scikit_learn(),
        "capture": capture_overhead(),
        "gpu": gpu,
        **machine(),
    }
    path.write_text(json.dumps(rounded(content), indent=1) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
