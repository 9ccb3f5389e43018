"""A finished score is found again by what its detector declares, not by the bytes of our files."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from detect import declaration
from detect.behaviour.ood_battery import OodBattery
from detect.contract.detector import DetectorError, require_detector
from detect.declaration import declare

STRANGER = '''
from detect.contract.detector import Detector
from detect.contract.score import Score

class Stranger(Detector):
    """As it comes."""

    name = "stranger"
    measures = frozenset()

    def score(self, suspect):
        return Score(0.0)
'''


def key(reference: str, battery_seed: int = 1, device: str = "cpu") -> str:
    return declare(reference).score_key(battery_seed, device)


def test_the_key_is_name_version_battery_and_device(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = key("ood_battery")
    assert kept == "130974e1618ce168", "whoever changes this loses every finished score"
    assert len({kept, key("ood_battery", 2), key("ood_battery", 1, "cuda"), key("goal_swap")}) == 4
    monkeypatch.setattr(OodBattery, "version", 2)
    assert key("ood_battery") != kept


def test_a_detector_of_ours_is_known_without_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(kind: type) -> NoReturn:
        raise OSError("no file")

    kept = key("ood_battery")
    monkeypatch.setattr(declaration, "_file_version", unreadable)
    assert key("ood_battery") == kept


def test_a_strangers_file_stands_for_its_version(tmp_path: Path) -> None:
    first, moved, changed = (tmp_path / name for name in ("one.py", "moved.py", "changed.py"))
    first.write_text(STRANGER)
    moved.write_text(STRANGER)
    changed.write_text(STRANGER.replace("Score(0.0)", "Score(1.0)"))
    kept, same, other = (key(f"{path}:Stranger") for path in (first, moved, changed))
    assert kept == same != other


@pytest.mark.parametrize("wrong", [0, "2", None])
def test_a_version_is_a_whole_number(wrong: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OodBattery, "version", wrong)
    with pytest.raises(DetectorError, match="version must be a whole number"):
        require_detector(OodBattery)
