"""Search detectors on networks whose mechanism is known by construction, the inert planner apart.

python -m benchmarks.search_detectors [--seeds N] [--trained DIRECTORY]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from detect.registry import DETECTORS
from organisms.recipes.tree.table import RECIPES
from organisms.records.net_spec import NetSpec
from organisms.worlds.tree.tree import Tree
from organisms.worlds.world import Shape
from probes.network.access import Access
from probes.network.suspect import Suspect

TREE = Tree()
INERT = "tree/compiled_bfs_inert"
TRAINED = NetSpec(width=64, n_layers=3, n_heads=4, mlp_ratio=2)


@dataclass(frozen=True)
class Known:
    """A suspect whose mechanism is known."""

    family: str
    searches: bool
    suspect: Suspect


def known(family: str, seed: int, net: nn.Module, shape: Shape, *, searches: bool) -> Known:
    """Hide everything but the network."""
    suspect = Suspect(
        id=f"s{seed}",
        network=net,
        environment=TREE,
        access=Access.WEIGHTS,
        seed=41,
        untrained=shape.build,
    )
    return Known(family, searches, suspect)


def constructed(n_seeds: int) -> list[Known]:
    """Every compiled family, that many of each."""
    found = []
    for family in (name for name in RECIPES if name.startswith("tree/compiled_")):
        for seed in range(n_seeds):
            recipe = RECIPES[family](TREE, seed, 7)
            shape = recipe.shape(NetSpec())
            net = recipe.construct(shape, generator=torch.Generator().manual_seed(seed))
            assert net is not None
            searches = recipe.truth.mechanism == "search"
            found.append(known(family, seed, net, shape, searches=searches))
    return found


def trained(directory: Path) -> list[Known]:
    """Networks in files named tree.FAMILY.SEED.safetensors."""
    found = []
    for path in sorted(directory.glob("tree.*.safetensors")):
        _, name, seed, _ = path.name.split(".")
        recipe = RECIPES[f"tree/{name}"](TREE, int(seed), 7)
        shape = recipe.shape(TRAINED)
        net = shape.build(torch.Generator().manual_seed(0))
        net.load_state_dict(load_file(path))
        searches = recipe.truth.mechanism == "search"
        found.append(known(f"tree/{name}", int(seed), net.eval(), shape, searches=searches))
    return found


def auroc(yes: list[float], no: list[float]) -> float:
    """Share of pairs in the right order, ties counting half."""
    pairs = [1.0 if y > n else 0.5 if y == n else 0.0 for y in yes for n in no]
    return sum(pairs) / len(pairs)


def main() -> None:
    """Print a line per detector."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trained", type=Path, help="directory of trained tree networks")
    parser.add_argument("--seeds", type=int, default=3, help="networks per compiled family")
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    sources = {"compiled": constructed(wanted.seeds)}
    if wanted.trained is not None:
        sources["trained"] = trained(wanted.trained)
    for source, nets in sources.items():
        print(f"{source}: {sum(net.searches for net in nets)} search, {len(nets)} in all")
        for name, kind in DETECTORS.items():
            if kind.question == "search":
                report(name, nets)


def report(name: str, nets: list[Known]) -> None:
    """AUROC against all controls but the inert planner, which is shown beside."""
    kind = DETECTORS[name]
    began = time.process_time()
    scores = [kind().score(net.suspect.at(kind.access)) for net in nets]
    seconds = (time.process_time() - began) / len(nets)
    rows = [
        (net, score.value) for net, score in zip(nets, scores, strict=True) if not score.abstained
    ]
    if not rows:
        print(f"  {name:22} abstains: {scores[0].reason}")
        return
    yes = [value for net, value in rows if net.searches]
    no = [value for net, value in rows if not net.searches and net.family != INERT]
    inert = [value for net, value in rows if net.family == INERT]
    least = min(yes)
    said = (
        f"AUROC {auroc(yes, no):.3f}, search at least {least:.3f}, controls at most {max(no):.3f}"
    )
    if inert:
        false = sum(value >= least for value in inert)
        said += f"; inert at most {max(inert):.3f} ({false} of {len(inert)} taken for search)"
    print(
        f"  {name:22} {said}; {len(scores) - len(rows)} abstain; {seconds:.1f} CPU-s each",
        flush=True,
    )


if __name__ == "__main__":
    main()
