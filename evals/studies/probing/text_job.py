"""What a scan of texts is asked for; refused where it cannot be done, before torch is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from probes.errors import MesascopeError

if TYPE_CHECKING:
    from evals.studies.probing.text_reading import TextQuestion
    from probes.language_model import LoadedModel
    from probes.texts.dataset import TextSet
    from probes.texts.plain import PlainTexts

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
USUAL_POSITIONS = ("last", "mean")
POSITION = re.compile(r"last|answer|mean|max|-[1-9]\d{0,8}")


class ProbeRefused(MesascopeError, ValueError):
    """Options that do not go together, or name what is not there."""


@dataclass(frozen=True)
class Reading:
    """How texts are read.

    Attributes:
        folder: of the model.
        positions: none for the usual ones.
        budget: bytes of activations in memory.
        cache: keeps activations on disk, where a killed run goes on.
    """

    folder: Path
    lora: Path | None
    sites: tuple[str, ...]
    positions: tuple[str, ...]
    device: str
    dtype: str
    longest: int | None
    budget: int
    cache: Path | None

    def __post_init__(self) -> None:
        require_model(self.folder)
        if self.lora is not None and not self.lora.is_dir():
            raise ProbeRefused(
                f"no folder {self.lora}; --lora takes what peft's save_pretrained wrote"
            )
        require_positions(self.positions)

    def load(self) -> LoadedModel:
        """The model, without bars on a screen.

        Raises:
            LanguageModelError: the folder holds none that can be read.
        """
        import torch
        from transformers.utils.logging import disable_progress_bar

        from probes.language_model import load_language_model

        disable_progress_bar()  # type: ignore[no-untyped-call]
        return load_language_model(
            self.folder, lora=self.lora, device=self.device, dtype=getattr(torch, self.dtype)
        )


@dataclass(frozen=True)
class Job:
    """What is fitted, and on which texts.

    Attributes:
        data: file of labelled texts; None where activations bring their labels.
        positive: which of two words is the class that scores high.
        ordinary: file of texts of no class.
        probe: `FILE.py:CLASS` of scikit-learn's kind; `method` is then that of the controls.
    """

    data: Path | None
    positive: str | None
    ordinary: Path | None
    probe: str | None
    method: str
    alpha: float
    folds: int
    shuffles: int
    seed: int

    def __post_init__(self) -> None:
        if self.probe is not None:
            place, colon, name = self.probe.rpartition(":")
            if not (colon and name and place.endswith(".py") and Path(place).is_file()):
                raise ProbeRefused(f"--probe {self.probe}: no such file; write file.py:CLASS")
        if self.folds < 3:
            raise ProbeRefused(
                "--folds must be 3 at least for texts: one is tested while the others choose where"
            )

    def question(self) -> TextQuestion:
        """The same for the scan."""
        from evals.studies.probing.text_reading import TextQuestion
        from probes.linear.closed_form import Method

        return TextQuestion(
            method=Method(self.method), alpha=self.alpha, folds=self.folds,
            shuffles=self.shuffles, seed=self.seed,
        )  # fmt: skip


def require_model(folder: Path) -> None:
    """Refuse a folder that holds no model, or one whose weights are pickled.

    Raises:
        ProbeRefused: see above.
    """
    if not folder.is_dir():
        raise ProbeRefused(
            f"no folder {str(folder)!r}; --data and --with take the folder of a language model, as "
            "save_pretrained writes it; leave them out to probe a suspect by its id"
        )
    if not (folder / "config.json").is_file():
        raise ProbeRefused(f"{folder} has no config.json; give a folder that save_pretrained wrote")
    if not any((folder / name).is_file() for name in WEIGHTS):
        raise ProbeRefused(
            f"{folder} has no {WEIGHTS[0]} and no {WEIGHTS[1]}; pickled weights can run code when "
            "they are read and are refused: load it where you trust it and save_pretrained it again"
        )


def require_positions(positions: tuple[str, ...]) -> None:
    """Refuse what names no position.

    Raises:
        ProbeRefused: see above.
    """
    for position in positions:
        if not POSITION.fullmatch(position):
            raise ProbeRefused(
                f"no position {position!r}; --position takes last, answer, mean, max or a number "
                "counted from the end, such as -2"
            )
    if len(set(positions)) < len(positions):
        raise ProbeRefused(f"--position names one twice: {', '.join(positions)}")


def chosen_positions(
    asked: tuple[str, ...], data: TextSet, ordinary: PlainTexts | None
) -> tuple[str, ...]:
    """The positions asked for, or the usual ones, `answer` too where every text has one.

    Raises:
        ProbeRefused: the answer is asked for and a text has none.
    """
    lacking = data.answers.count(None)
    missing = 0 if ordinary is None else ordinary.answers.count(None)
    if not asked:
        return USUAL_POSITIONS if lacking or missing else (*USUAL_POSITIONS, "answer")
    if "answer" in asked and (lacking or missing):
        where = f"{lacking} of {len(data.texts)} texts" if lacking else f"{missing} ordinary texts"
        raise ProbeRefused(
            f"--position answer: {where} have no answer; give each line an 'answer', or leave the "
            "position out"
        )
    return asked


def require_groups(data: TextSet, folds: int) -> None:
    """Refuse fewer groups than folds.

    Raises:
        ProbeRefused: see above.
    """
    if (count := len(set(data.groups))) < folds:
        raise ProbeRefused(
            f"{count} groups cannot be divided into {folds} folds, as groups stay whole; give "
            "texts of more groups, or fewer --folds"
        )
