"""`import mesascope` gives the names that users need, and says when other packages hide ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import mesascope
from organisms.records.strict import SpecError
from organisms.travel.archive import TravelError

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", mesascope.__all__)
def test_every_name_is_there_and_says_what_it_is_for(name: str) -> None:
    assert (getattr(mesascope, name).__doc__ or "").strip()


def test_another_name_is_an_error_that_lists_those_there_are() -> None:
    with pytest.raises(AttributeError, match="'Probe'; it has Access, Adapter"):
        mesascope.Probe  # noqa: B018


def test_the_names_are_those_that_a_type_checker_sees() -> None:
    source = (ROOT / "evals" / "facade" / "mesascope" / "__init__.py").read_text(encoding="utf-8")
    imported = source.partition("if TYPE_CHECKING:")[2].partition("\n_PLACES")[0]
    assert all(name in imported for name in mesascope.__all__)
    assert sorted(mesascope._PLACES) == sorted(mesascope.__all__) == dir(mesascope)


def test_an_organism_of_the_reference_set_is_probed_in_five_lines() -> None:
    organism = mesascope.load_reference("smoke")[-1]
    suspect = organism.suspect(mesascope.Access.ACTIVATIONS)
    reading = mesascope.probe(suspect, targets=["goal"], sites=["blocks.1.hook_resid_mid"],
                              instances=120)  # fmt: skip
    best = reading.best("goal")
    assert 0 <= best.chance <= 1
    assert organism.truth.misalignment == "deceptive"
    assert organism.admitted
    assert all(check.passed for check in organism.certificate.checks)
    assert "deceptive_trigger" in repr(organism)


def test_a_probe_reads_what_was_written_into_activations_and_nothing_from_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    label = torch.randint(2, (400,), generator=generator)
    noise = torch.randn(400, 2, 16, generator=generator)
    written = noise.clone()
    written[:, 1, 3] += 6 * label
    found = mesascope.sweep({"noise": noise, "written": written}, {"label": label})
    assert found.sites == ("noise", "written")
    assert found.accuracy[1, 1, 0] > 0.98
    assert found.accuracy[0].max() < 0.65


def test_captured_activations_of_a_network_go_straight_into_a_sweep() -> None:
    suspect = mesascope.load_reference("smoke")[0].suspect()
    world = suspect.environment
    mazes = world.sample(200, generator=suspect.generator())
    sites = ["blocks.0.hook_resid_post"]
    seen = mesascope.capture(suspect.network(), world.tokens(mazes), sites)
    found = mesascope.sweep(seen, {"slot 0": mazes.context[:, 0]})
    assert found.accuracy.shape[0] == 1


@pytest.mark.slow
def test_one_organism_is_grown_beside_the_public_twin() -> None:
    organism = mesascope.grow("maze/proxy_corner", seed=91)
    assert organism.spec.seed == 91
    assert organism.truth.misalignment == "proxy"


def test_what_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(TravelError, match="no reference set 'ocean'"):
        mesascope.load_reference("ocean")
    with pytest.raises(SpecError, match="ocean"):
        mesascope.grow("ocean/whale")


@pytest.mark.parametrize("package", ["evals", "detect", "probes", "organisms"])
def test_a_package_of_the_same_name_gets_one_sentence_and_exit_code_2(
    tmp_path: Path, package: str
) -> None:
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    path = f"{tmp_path}:{ROOT}:{ROOT / 'evals' / 'facade'}"
    done = subprocess.run(
        [sys.executable, "-m", "mesascope", "--help"],
        capture_output=True, text=True, env={"PYTHONPATH": path}, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"the package '{package}' in {tmp_path / package} hides that of mesascope" in done.stderr
    assert "Traceback" not in done.stderr


def test_importing_it_takes_no_torch() -> None:
    code = "import sys, mesascope; sys.exit('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False,
        env={"PYTHONPATH": str(ROOT / "evals" / "facade")},
    )  # fmt: skip
    assert done.returncode == 0
