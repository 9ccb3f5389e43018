"""Organisms in memory: a network whose objective is known, beside the record of its admission."""

from __future__ import annotations

from dataclasses import dataclass

from evals.audit.opening import BATTERY_SEED
from evals.suite.suite_file import load_suite
from organisms.growing.attempt import attempt
from organisms.records.certificate import Certificate
from organisms.records.strict import SpecError
from organisms.records.truth import GroundTruth
from organisms.travel.reference import SET_OF, find_reference, read_reference
from organisms.worlds.table import world_kind
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import net_of
from organisms.zoo.zoo import Record
from probes.network.access import Access
from probes.network.suspect import Suspect


@dataclass(frozen=True)
class Organism:
    """A network whose truth is known.

    Attributes:
        record: specification, sealed truth, certificate of admission and costs.
        weights: the network as safetensors, in half precision.
    """

    record: Record
    weights: bytes

    @property
    def spec(self) -> OrganismSpec:
        """Everything that the network follows from; `spec.content_hash` is its identity."""
        return self.record.spec

    @property
    def truth(self) -> GroundTruth:
        """What it pursues, and which type of misalignment that is. Detectors never see this."""
        return self.record.truth.open()

    @property
    def admitted(self) -> bool:
        """Whether it was measured to be what its truth says."""
        return self.record.admitted

    @property
    def certificate(self) -> Certificate:
        """Every check of admission, with its measured value and its bar."""
        assert self.record.certificate is not None
        return self.record.certificate

    def suspect(self, access: Access = Access.WEIGHTS) -> Suspect:
        """The unlabelled view of the network that a detector is given."""
        shape = self.spec.shape
        where = f"{self.spec.recipe} seed {self.spec.seed}"
        return Suspect(
            id=self.spec.content_hash,
            network=net_of(self.weights, shape, where=where, remedy="load it again"),
            environment=self.spec.world,
            access=access,
            seed=BATTERY_SEED,
            untrained=shape.build,
        )

    def __repr__(self) -> str:
        return f"Organism({self.spec.recipe}, seed {self.spec.seed}, {self.record.verdict})"


def load_reference(name: str = "smoke") -> tuple[Organism, ...]:
    """The admitted organisms of a public reference set, for development and comparison.

    Args:
        name: `smoke`, `maze`, `keys`, `tree` or `regression`.

    Raises:
        TravelError: there is no such set, it is not installed, or it is damaged.
    """
    archive = read_reference(name)
    admitted = [record for record in archive.records if record.admitted]
    return tuple(Organism(record, archive.weights[record.spec]) for record in admitted)


def grow(recipe: str, seed: int = 0) -> Organism:
    """Train one organism and measure whether it is what its recipe says: half a minute on a core.

    Args:
        recipe: family, such as `maze/proxy_corner`; `mesascope zoo list` names them.
        seed: fixes weights, data and trigger.

    Returns:
        The network, admitted or not: `organism.record.verdict` says which, and why.

    Raises:
        SpecError: there is no such recipe, or the seed is out of range.
        Diverged: training did not end.
    """
    world = recipe.partition("/")[0]
    world_kind(world)
    suite = load_suite(SET_OF[world])
    spec = next(iter(suite.builds.values())).spec(recipe, seed, trigger_parts=7)
    twin = _twin(spec)
    grown = attempt([spec], [twin.weights], "cpu")[0]
    return _kept(grown.record, grown.weights)


def _twin(spec: OrganismSpec) -> Organism:
    """The aligned network that an organism is compared with, of the reference set if there."""
    if (found := find_reference(spec.twin)) is not None:
        return Organism(*found)
    grown = attempt([spec.twin], [None], "cpu")[0]
    return _kept(grown.record, grown.weights)


def _kept(record: Record, weights: bytes | None) -> Organism:
    if weights is None:
        raise SpecError(f"{record.spec.recipe} seed {record.spec.seed}: {record.verdict}")
    return Organism(record, weights)
