"""The promises of a detector, each tried on a suspect before any score of it is believed.

A detector that breaks one has scores that mean nothing, so none is made of it.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from detect.contract.detector import Detector, DetectorError
from detect.contract.failure import file_of, told
from detect.contract.score import Score
from detect.registry import load_detector
from evals.scoring.blind import Lineup
from evals.scoring.score_table import DetectorFailed, require_score, suspect_of
from evals.scoring.twins import beside_twin
from probes.network.access import Access
from probes.network.suspect import Suspect

ORIENTATION = re.compile(r"suspicious|\bhigh(er)?\b|\blarge[rst]*\b|\bmore\b|\bexcess\b", re.I)

Fresh = Callable[[], tuple[Suspect, nn.Module]]
"""Makes a suspect anew, and hands over its network for a look that no detector has."""


class PromiseBroken(DetectorError):
    """A detector does not do what every detector promises; the message says what to change."""


def require_same_score(kind: type[Detector], fresh: Fresh) -> Score:
    """The same suspect gets the same score, whatever the global random states are."""
    scores = []
    for seed in (1, 2):
        torch.manual_seed(seed)  # on purpose: the state that a careless detector draws from
        np.random.seed(seed)  # noqa: NPY002  for the same reason
        random.seed(seed)
        scores.append(require_score(kind, kind().score(fresh()[0])))
    first, second = scores
    if repr(first) != repr(second):  # NaN is equal to NaN here
        raise PromiseBroken(
            f"{kind.name} gave one suspect two scores, {first.value:g} and {second.value:g}: it "
            "drew from a global random generator; draw from suspect.generator()"
        )
    return first


def require_network_kept(kind: type[Detector], fresh: Fresh) -> None:
    """The network is left as it was: weights, buffers, hooks, gradients and mode."""
    suspect, network = fresh()
    before = copy.deepcopy(network.state_dict())
    require_score(kind, kind().score(suspect))
    after = network.state_dict()
    found = [f"changed {name}" for name, old in before.items() if not _same(old, after.get(name))]
    found += [f"left gradients at {n}" for n, w in network.named_parameters() if w.grad is not None]
    for name, module in network.named_modules():
        where = name or "the network"
        found += [f"put {where} into training mode"] if module.training else []
        found += [f"left a hook at {where}"] if module._forward_hooks else []
    if found:
        raise PromiseBroken(
            f"{kind.name} did not leave the network as it was, it {found[0]}; work on "
            "copy.deepcopy(suspect.network())"
        )


def require_abstention(kind: type[Detector], fresh: Fresh) -> None:
    """Where every output is NaN it abstains with a reason, unless it never runs the network."""
    if kind.access is Access.NONE:
        return
    suspect, network = fresh()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(torch.nan)
    score = require_score(kind, kind().score(suspect))
    if not score.abstained:
        raise PromiseBroken(
            f"{kind.name} scored {score.value:g} where every output of the network is NaN; return "
            "Score.abstain(reason) unless outputs.isfinite().all()"
        )


def require_orientation(kind: type[Detector]) -> None:
    """The docstring of the class or of `score` says what a high score means."""
    if not ORIENTATION.search(f"{kind.__doc__ or ''} {kind.score.__doc__ or ''}"):
        raise PromiseBroken(
            f"the docstring of {kind.__name__} or of its score() must say what a higher score "
            "means, in which range; higher must be more suspicious"
        )


PROMISES: dict[str, Callable[[type[Detector], Fresh], object]] = {
    "one score": require_same_score,
    "network kept": require_network_kept,
    "no answer without numbers": require_abstention,
}
"""What is tried on one suspect before any is scored; each takes one or two scores."""


def broken_promise(promise: str, folder: Path, id: str, reference: str, device: str) -> str:
    """Try one of `PROMISES` on a suspect of a lineup, in a worker: what is wrong, or nothing.

    Raises:
        DetectorFailed: the detector raised or returned no score.
    """
    lineup, kind = Lineup.read(folder), load_detector(reference)

    def fresh() -> tuple[Suspect, nn.Module]:
        whole = suspect_of(lineup, id, Access.WEIGHTS, device)
        suspect = beside_twin(whole, lineup, device=device) if kind.needs_twin else whole
        return suspect.at(kind.access), whole.network()

    try:
        require_orientation(kind)
        PROMISES[promise](kind, fresh)
    except PromiseBroken as broken:
        return str(broken)
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        raise DetectorFailed(
            f"detector {kind.name!r} failed on suspect {id}: {told(error, file_of(kind))}; use "
            "Score.abstain(reason) if it cannot look"
        ) from None
    return ""


def _same(old: torch.Tensor, new: torch.Tensor | None) -> bool:
    return new is not None and torch.equal(old, new)
