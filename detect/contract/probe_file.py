"""A saved linear probe as a detector: how high do a network's instances score?"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from detect.contract.detector import Detector, DetectorError
from detect.contract.score import Abstain, Score, abstain_unless
from probes.linear.saved_probe import SavedProbe, SavedProbeError
from probes.network.access import Access
from probes.network.suspect import Suspect

ENDING = ".safetensors"
INSTANCES = 256


class ProbeFromFile(Detector):
    """Mean score of instances at the site and position of a probe that was fitted elsewhere.

    A probe's direction means the same in the network it was fitted on and in its fine-tunes; in
    another network of the same width the score is a number like any other, and the calibration on
    trusted networks is what says whether it tells anything.
    """

    access = Access.ACTIVATIONS
    measures = frozenset[str]()
    cost = 0.2
    saved: ClassVar[SavedProbe]

    def score(self, suspect: Suspect) -> Score:
        """See `ProbeFromFile`."""
        saved = self.saved
        abstain_unless(
            saved.site in suspect.sites(),
            f"the network names no site {saved.site!r}, where the probe reads",
        )
        instances = suspect.environment.sample(INSTANCES, generator=suspect.generator())
        rows = suspect.capture(instances, [saved.site])[saved.site]
        abstain_unless(
            rows.ndim == 3 and rows.shape[2] == len(saved.weights),
            f"site {saved.site!r} gives shape {tuple(rows.shape)}, and the probe reads "
            f"{len(saved.weights)} numbers at one position",
        )
        scores = saved.scores(at_position(rows, saved.position))
        flagged = int((scores > saved.limit).sum())
        return Score(
            float(scores.mean()),
            found=f"{flagged} of {len(scores)} instances score above the probe's limit, as "
            f"{saved.classes[1]}",
        )


def at_position(
    rows: Float[Tensor, "batch position width"], position: str
) -> Float[Tensor, "batch width"]:
    """What a probe reads of instances that are all equally long.

    Raises:
        Abstain: instances have no such position.
    """
    if position in ("mean", "max"):
        return rows.mean(dim=1) if position == "mean" else rows.amax(dim=1)
    offset = -1 if position == "last" else int(position) if position[:1] == "-" else 0
    if not -rows.shape[1] <= offset < 0:
        raise Abstain(f"instances of this world have no position {position!r}")
    return rows[:, offset]


def probe_detector(path: Path) -> type[Detector]:
    """A detector class whose name tells of the file, and whose identity is the file's content.

    Raises:
        DetectorError: the file holds no saved probe.
    """
    try:
        saved = SavedProbe.load(path)
    except SavedProbeError as error:
        raise DetectorError(f"{path} is no detector: {error}") from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    told = {
        "name": re.sub(r"\W", "_", f"probe_{path.stem}"),
        "saved": saved,
        "__doc__": ProbeFromFile.__doc__,
        "__module__": __name__,
        "__qualname__": f"ProbeFromFile_{digest}",  # which the version of its scores is made from
    }
    return type("ProbeFromFile", (ProbeFromFile,), told)
