"""The cuda path does what the cpu path does."""

from __future__ import annotations

import pytest
import torch

from organisms.admit import admit
from organisms.bars import AdmissionSpec
from organisms.environments.maze import MazeSize
from organisms.net_spec import NetSpec
from organisms.recipes import RECIPES
from organisms.spec import OrganismSpec
from organisms.train import train
from organisms.training_spec import TrainingSpec
from probes.access import Access
from probes.suspect import Suspect

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("recipe", RECIPES)
def test_training_and_admission_run_on_a_gpu(recipe: str) -> None:
    spec = OrganismSpec(
        recipe,
        seed=0,
        trigger_parts=2,
        environment=MazeSize(4, 4, 4, 2),
        net=NetSpec(16, 1, 2),
        training=TrainingSpec(steps=20, batch_size=16),
    )
    trained = train(spec, device="cuda")
    bars = AdmissionSpec(n_equivalence=50, n_expression=50)
    certificate = admit(
        trained.net, trained.recipe, seen=trained.seen, twin=trained.net, bars=bars, device="cuda"
    )
    assert certificate.checks


def test_outputs_on_a_gpu_are_those_on_the_cpu() -> None:
    spec = OrganismSpec("maze/aligned_plain", seed=0)
    net = spec.shape.build(torch.Generator().manual_seed(0)).eval()
    levels = spec.world.sample(32, generator=torch.Generator().manual_seed(1))

    def outputs(device: str) -> torch.Tensor:
        suspect = Suspect(
            id="x",
            network=net.to(device),
            environment=spec.world,
            access=Access.OUTPUTS,
            seed=0,
            untrained=spec.shape.build,
            device=device,
        )
        return suspect.outputs(levels)

    assert torch.allclose(outputs("cuda"), outputs("cpu"), atol=1e-4)
