"""A suite's organisms, blinded, then scored; the seals stay whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.scoring.blind import (
    Lineup,
    blind,
    discard,
    is_blinded,
    read_vault,
    require_distinct_weights,
)
from evals.scoring.freeze import Frozen, freeze, require_unchanged
from evals.scoring.score_table import Row, score_lineup
from evals.scoring.twins import ship_twins
from evals.scoring.variants import Variants, score_variants
from evals.scoring.workers import local_workers
from evals.suite.suite import Suite
from organisms.growing.population import Grown
from organisms.zoo.zoo import Zoo
from probes.writing import clear_parts


@dataclass(frozen=True)
class Sealed:
    """Everything that is known of a run before its truth is opened.

    Attributes:
        frozen: scores of every suspect by every detector, hashed.
        variants: scores of untrained networks and of disguises.
    """

    frozen: Frozen
    variants: Variants


def score_sealed(
    suite: Suite,
    lineup: Lineup,
    folder: Path,
    *,
    workers: int,
    device: str,
    on_row: Callable[[Row], None],
    variants_limit: float,
) -> Sealed:
    """Score and freeze; scores that lie in the folder are kept.

    Args:
        suite: names detectors and the seed of their instances.
        grown: the organisms, group by group.
        zoo: where their networks are.
        folder: of the run.
        workers: processes that score.
        device: where networks run.
        on_row: told of every score.
        variants_limit: CPU-seconds per suspect up to which detectors score variants too.
        check: may refuse the lineup before anything is scored.

    Raises:
        DetectorFailed: a detector raised or returned no score.
        FreezeBroken: frozen scores were changed.
        BlindingError: suspects can be told apart without running them.
    """
    with local_workers(workers) as executor:
        rows = score_lineup(
            lineup,
            suite.detectors,
            store=folder / "scores.jsonl",
            executor=executor,
            device=device,
            on_row=on_row,
        )
        variants = score_variants(
            lineup,
            suite.detectors,
            folder=folder / "variants",
            store=folder / "variants",
            executor=executor,
            device=device,
            limit=variants_limit,
        )
    require_unchanged(rows, folder)
    return Sealed(freeze(rows, folder), variants)


def blinded(
    suite: Suite,
    grown: Sequence[Grown],
    zoo: Zoo,
    folder: Path,
    ids: Mapping[str, str] | None = None,
) -> Lineup:
    """The blinded suspects: the existing ones if they are this population, else new ones.

    Their trusted twins lie beside them. The caller holds the home's lock.

    Args:
        ids: specification -> opaque id of new ones; drawn if None.
    """
    clear_parts(folder)
    members = [
        (group, record)
        for group, result in zip(suite.groups, grown, strict=True)
        for record in result.organisms
    ]
    twins = {record.spec.content_hash: record.spec.twin for _, record in members}
    if is_blinded(folder) and {m.spec_hash for m in read_vault(folder)} != set(twins):
        discard(folder)
    if is_blinded(folder):
        lineup = Lineup.read(folder / "lineup")
        require_distinct_weights(lineup)
    else:
        lineup = blind(folder, zoo, members, battery_seed=suite.battery_seed, ids=ids)
    known = {member.id: twins[member.spec_hash] for member in read_vault(folder)}
    ship_twins(lineup, known, zoo)
    return lineup
