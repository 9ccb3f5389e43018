"""What linear probes read inside one network of a run, for the page."""

from __future__ import annotations

import torch

from evals.report.pictures.heat_figure import ProbeMap
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Zoo
from probes.linear.control import token_features
from probes.linear.features import Features
from probes.linear.folds import Folds
from probes.linear.rows import Rows, Targets
from probes.linear.sweep import Fit, Sweep, sweep
from probes.linear.variables import merged, variables, varied
from probes.network.access import Access
from probes.network.layers import residual_sites
from probes.network.suspect import Suspect

INSTANCES, FOLDS = 160, 3
MOST_SLOTS = 2
"""Context slots shown, as the page has room for few rows and the slots are alike."""


def probe_map(spec: OrganismSpec, zoo: Zoo, *, seed: int) -> ProbeMap | None:
    """Ridge probes on the residual stream before, inside and after every block, untrained beside.

    Args:
        seed: of the instances, the folds and the untrained network.

    Returns:
        None for a network that names no residual sites, and where no variable has two classes.
    """
    world = spec.world
    suspect = Suspect(
        id=spec.content_hash,
        network=zoo.net(spec),
        environment=world,
        access=Access.ACTIVATIONS,
        seed=seed,
        untrained=spec.shape.build,
    )
    sites = residual_sites(suspect, kinds=("hook_resid_mid", "hook_resid_post"))
    generator = suspect.generator()
    instances = world.sample(INSTANCES, generator=generator)
    n_decisions = suspect.outputs(instances[:1]).shape[1]
    late = [f"slot {slot}" for slot in range(MOST_SLOTS, world.context.n_slots)]
    labels = {n: of for n, of in variables(world, instances).items() if n not in late}
    labels = merged(varied(labels))
    if not sites or not labels:
        return None
    targets = Targets.of(labels)
    folds = Folds.draw(INSTANCES, count=FOLDS, generator=generator)

    def swept(features: Features) -> Sweep:
        rows = Rows.choose(features, targets, folds, positions=range(n_decisions), pooled=True)
        return sweep(rows, fit=Fit())

    def read(of: Suspect) -> Sweep:
        return swept(Features.given(of.capture(instances, sites)))

    tokens = world.tokens(instances)[:, :n_decisions]
    seen = tokens if tokens.is_floating_point() else token_features(tokens, tokens.shape[1])
    trained, untrained = read(suspect), read(suspect.untrained())
    inputs = swept(Features.given({"input": seen}))
    return ProbeMap(
        network=f"{spec.recipe}, seed {spec.seed}",
        instances=INSTANCES,
        variables=targets.names,
        sites=tuple(sites),
        accuracy=_rows(trained),
        control=_rows(untrained),
        inputs=tuple(inputs.accuracy[0, 0].tolist()),
        chance=tuple(trained.chance[0].tolist()),
    )


def _rows(found: Sweep) -> tuple[tuple[float, ...], ...]:
    """Accuracy by variable, then by site."""
    table: torch.Tensor = found.accuracy[:, 0, :].T
    return tuple(tuple(row) for row in table.tolist())
