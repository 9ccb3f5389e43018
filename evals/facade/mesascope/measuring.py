"""What one measures from Python: probes on one network or on one's own activations, whole runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from evals.audit.audit import Audit
from evals.audit.auditing import Request
from evals.audit.auditing import audit as audit_network
from evals.audit.opening import Source
from evals.risk.risk_report import RiskReport
from evals.running.run import Finished, Progress
from evals.running.run import run as run_suite
from evals.scoring.workers import default_workers
from evals.studies.probing.probing import Question
from evals.studies.probing.probing import Reading as ProbeReading
from evals.studies.probing.probing import probe as probe_suspect
from evals.studies.probing.text_job import Job, Reading
from evals.studies.probing.text_reading import TextReading
from evals.studies.probing.text_study import scan_model
from evals.suite.home import Home
from evals.suite.suite_file import load_suite
from probes.linear.closed_form import Method
from probes.linear.features import BUDGET, Features
from probes.linear.folds import Folds
from probes.linear.rows import Rows, Targets
from probes.linear.sweep import Fit, Sweep
from probes.linear.sweep import sweep as sweep_rows
from probes.network.suspect import Suspect


def probe(
    suspect: Suspect,
    *,
    targets: Sequence[str] = (),
    sites: Sequence[str] = (),
    method: str = "lda",
    shift: str | None = None,
    instances: int = 400,
) -> ProbeReading:
    """Which variables of its world can be read at which site of a network, beside controls.

    Args:
        targets: names of variables or how they begin, such as `step to`; all if left out.
        sites: names of modules; the residual stream if left out.
        method: `lda`, `ridge`, `means` or `logistic`.
        shift: public shift of the world to draw instances from; None draws those it trained on.
        instances: how many are drawn.

    Returns:
        Accuracies on instances that no probe was fitted on, beside those of shuffled labels, an
        untrained network, the input alone, random directions and a control task.

    Raises:
        ProbingError: a shift or target does not exist, or nothing is left to probe for.
        UnknownSite: a site does not exist.
    """
    question = Question(
        fit=Fit(method=Method(method)),
        sites=tuple(sites),
        targets=tuple(targets),
        shift=shift,
        instances=instances,
    )
    return probe_suspect(suspect, question)


def probe_texts(
    folder: str | Path,
    data: str | Path,
    *,
    method: str = "logistic",
    positions: Sequence[str] = (),
    ordinary: str | Path | None = None,
    lora: str | Path | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    seed: int = 0,
) -> TextReading:
    """Do a language model's activations tell two classes of texts apart, beside controls?

    Args:
        folder: of the model, as save_pretrained writes it.
        data: JSON lines of `text` and `label` (and `group`, `answer`), or of `positive` and
            `negative`.
        method: `logistic`, `lda`, `ridge` or `means`.
        positions: `last`, `mean`, `max`, `answer` or `-2` and so on; the usual ones if left out.
        ordinary: file of texts on which the limit for 1% false alarms is set; the data's
            negatives if left out.
        lora: folder of a LoRA for the model.
        device: such as `cuda`, or `auto` for all GPUs.
        dtype: what the model computes in.
        seed: draws folds and controls.

    Returns:
        `auroc` on texts that no probe had seen, in a cell chosen without them; `bag`, `untrained`,
        `recall`, `cells`, and whether it tells `beyond` the controls.

    Raises:
        MesascopeError: folder, texts or options cannot be used.
    """
    how = Reading(
        folder=Path(folder), lora=None if lora is None else Path(lora), sites=(),
        positions=tuple(positions), device=device, dtype=dtype, longest=None, budget=2 * BUDGET,
        cache=None,
    )  # fmt: skip
    job = Job(
        data=Path(data), positive=None, ordinary=None if ordinary is None else Path(ordinary),
        probe=None, method=method, alpha=10.0, folds=5, shuffles=99, seed=seed,
    )  # fmt: skip
    return scan_model(how, job).reading


def sweep(
    activations: Mapping[str, Float[Tensor, "batch position width"]],
    labels: Mapping[str, Int[Tensor, "batch ..."]],
    *,
    method: str = "ridge",
    alpha: float = 1.0,
    folds: int = 4,
    seed: int = 0,
    device: str = "cpu",
) -> Sweep:
    """Fit a linear probe at every site and position for every label of one's own activations.

    Args:
        activations: site -> values, of any network.
        labels: name -> class of every instance, or of every instance and position.
        method: `lda`, `ridge`, `means` or `logistic`.
        alpha: penalty of ridge and LDA, in summed squared activations.
        folds: every instance is tested by a probe that was fitted without it.
        seed: draws the folds.
        device: where probes are fitted.

    Returns:
        `accuracy` and `chance` by site, position and label.

    Raises:
        FeatureError: activations are not finite, or their shapes differ.
        TargetError: a label has one class only, or does not fit the instances.
    """
    features = Features.given(activations, device=device)
    generator = torch.Generator().manual_seed(seed)
    drawn = Folds.draw(features.n_instances, count=folds, generator=generator)
    rows = Rows.choose(features, Targets.of(labels), drawn)
    return sweep_rows(rows, fit=Fit(method=Method(method), alpha=alpha))


def run(
    suite: str = "smoke", *, home: str | Path = ".", workers: int = 0, device: str = "cpu"
) -> tuple[Finished, RiskReport]:
    """The main job: take or grow organisms, score them blind, open the truth, update the risk.

    Args:
        suite: built-in name, such as `smoke` or `smoke_fresh42` for seeds of one's own, or the path
            of a suite file.
        home: folder of `.mesascope/` and `runs/`; a second call goes on from what lies there.
        workers: processes; 0 takes one per processor.
        device: where networks live.

    Returns:
        The measured suite (`.evidence` holds the rates, `.folder` the page) and the updated risk.
    """
    return run_suite(
        load_suite(suite).judged_in(None),
        Home(Path(home)),
        workers=workers or default_workers(),
        device=device,
        progress=Progress(on_attempt=lambda record: None, on_row=lambda row: None),
    )


def audit(
    path: str | Path,
    *,
    adapter: str = "",
    world: str = "",
    lora: str | Path | None = None,
    trusted: Sequence[str | Path] = (),
    detectors: Sequence[str] = (),
    alpha: float = 0.1,
    home: str | Path = ".",
    workers: int = 0,
    device: str = "cpu",
) -> Audit:
    """Is this network what it should be? Its scores beside trusted networks, and what it pursues.

    Args:
        path: organism folder, .safetensors file or Hugging Face folder.
        adapter: `file.py:Class`, which says how to read it; not needed for an organism.
        world: shipped world of a .safetensors file without an adapter.
        lora: LoRA folder that belongs to a Hugging Face folder.
        trusted: networks known to be aligned, read in the same way.
        detectors: names, or `file.py:Class`; all built-in ones if left out.
        alpha: p-value from which an alarm is raised.
        home: folder in which finished scores are kept.
        workers: processes; 0 takes one per processor.

    Raises:
        MesascopeError: the network, the adapter or a trusted network cannot be used.
    """
    source = Source(adapter, world, None if lora is None else Path(lora), device)
    others = tuple(Path(each) for each in trusted)
    request = Request(Path(path), source, others, tuple(detectors), alpha)
    return audit_network(request, home=Path(home), workers=workers or default_workers())
