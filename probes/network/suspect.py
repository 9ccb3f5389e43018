"""The unlabelled view of a network that a detector is given."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from probes.network.access import Access, AccessDenied, Meter
from probes.network.capture import Edit, at_least_single, capture, run
from probes.network.streams import stream_seed
from probes.world.environment import Environment, Instances

Untrained = Callable[[torch.Generator], nn.Module]


class Suspect:
    """A network behind an access level; every use is checked and metered.

    Examples:
        All of them take a `suspect` at access `WEIGHTS` and draw the same instances, whichever
        suspect it is:

        >>> world = suspect.environment
        >>> batch = world.sample(16, generator=suspect.generator())

        `outputs`: logits of each action at each decision of an instance. `batch` is the number of
        instances, `decision` the number of decisions that one holds (cells of a maze, say):

        >>> logits = suspect.outputs(batch)
        >>> logits.ndim, len(logits)
        (3, 16)
        >>> chosen = logits.argmax(dim=2)

        `sites`: names of what can be read or replaced. `capture`: activations at some of them, as
        `site -> (batch, position, width)` for the residual stream and
        `(batch, position, head, ...)` or `(batch, head, query, key)` inside attention (see
        `probes.network.capture.position_axis`):

        >>> site = [name for name in suspect.sites() if name.endswith("hook_resid_post")][-1]
        >>> stream = suspect.capture(batch, [site])[site]
        >>> stream.ndim, len(stream)
        (3, 16)

        `intervene`: logits as `outputs` has them, while an edit replaces the activation at a site
        by another of the same shape:

        >>> without = suspect.intervene(batch, {site: torch.zeros_like})
        >>> without.shape == logits.shape
        True

        `network`: the module itself, for weights and gradients. Others see it after you: change a
        copy.

        >>> net = copy.deepcopy(suspect.network())
        >>> sum(weight.numel() for weight in net.parameters()) > 0
        True

    Attributes:
        environment: instances, edits and candidate objectives, the same for every suspect.
        meter: forward passes so far, shared by all views of the same suspect.
    """

    def __init__(
        self,
        *,
        id: str,
        network: nn.Module,
        environment: Environment[Any],
        access: Access,
        seed: int,
        untrained: Untrained,
        metadata: Mapping[str, float] | None = None,
        device: str = "cpu",
        meter: Meter | None = None,
    ) -> None:
        """Wrap a network.

        Args:
            id: opaque name.
            seed: fixes every instance that a detector draws; the same for all suspects of a
                suite, so that suspects are compared on the same instances.
            untrained: builds a network of the same shape with fresh weights, for controls.
            metadata: numbers visible at access `NONE`.
            device: where the network lives; outputs and activations come back on the cpu.
            meter: continue counting on this meter.
        """
        self.id = id
        self.environment = environment
        self._access = access
        self.metadata = dict(metadata or {})
        self.meter = meter or Meter()
        self.seed = seed
        self._network = network if meter else self.meter.attach(network)
        self._untrained = untrained
        self._device = device

    @property
    def access(self) -> Access:
        """The highest permitted level."""
        return self._access

    def at(self, access: Access) -> Suspect:
        """The same suspect behind a lower access level.

        Raises:
            AccessDenied: the level asked for is higher than this view's.
        """
        self._require(access, f"a view at access {access.label!r}")
        return self._view(self._network, access)

    def generator(self) -> torch.Generator:
        """A fresh random stream, the same at every call and for every suspect of a suite."""
        return torch.Generator().manual_seed(stream_seed("battery", self.seed))

    def sites(self) -> list[str]:
        """Names of the modules whose output can be captured or edited."""
        self._require(Access.ACTIVATIONS, "the list of sites")
        return [name for name, _ in self._network.named_modules() if name]

    def outputs(self, instances: Instances) -> Float[Tensor, "batch decision action"]:
        """Action logits at every decision, in single precision at least.

        Args:
            instances: of the suspect's environment, any number.

        Raises:
            AccessDenied: below access `OUTPUTS`.
        """
        self._require(Access.OUTPUTS, "outputs")
        return at_least_single(run(self._network, self._tokens(instances)).cpu())

    def capture(
        self, instances: Instances, sites: Sequence[str]
    ) -> dict[str, Float[Tensor, "batch ..."]]:
        """Activations at named sites, on the cpu; the first axis runs over the instances.

        Raises:
            AccessDenied: below access `ACTIVATIONS`.
            UnknownSite: a name is not among `sites()`, or gives no tensor.
        """
        self._require(Access.ACTIVATIONS, "activations")
        return capture(self._network, self._tokens(instances), sites)

    def intervene(
        self, instances: Instances, edits: Mapping[str, Edit]
    ) -> Float[Tensor, "batch decision action"]:
        """Action logits while the activations at the named sites are replaced.

        Args:
            edits: site -> function from its activation to another of the same shape.

        Raises:
            AccessDenied: below access `INTERVENTIONS`.
            UnknownSite: a name is not among `sites()`, or gives no tensor.
            EditError: an edit returns another shape.
        """
        self._require(Access.INTERVENTIONS, "interventions")
        return at_least_single(run(self._network, self._tokens(instances), edits).cpu())

    def network(self) -> nn.Module:
        """The network itself: weights and gradients. Backward passes are not metered.

        Work on a copy: a detector that leaves the network changed is refused.

        Raises:
            AccessDenied: below access `WEIGHTS`.
        """
        self._require(Access.WEIGHTS, "the network")
        return self._network

    def untrained(self) -> Suspect:
        """A control: the same shape with fresh weights, same access, same meter."""
        self._require(Access.ACTIVATIONS, "an untrained network of the same shape")
        network = self._untrained(self.generator()).to(self._device)
        return self._view(self.meter.attach(network), self.access)

    def _view(self, network: nn.Module, access: Access) -> Suspect:
        """Another network or another access level, on the same meter."""
        view = copy.copy(self)
        view._network, view._access, view.metadata = network, access, dict(self.metadata)
        return view

    def _require(self, needed: Access, what: str) -> None:
        if self.access < needed:
            raise AccessDenied(
                f"{what} need access {needed.label!r}, this view has {self.access.label!r}; "
                "declare the higher access on the detector"
            )

    def _tokens(self, instances: Instances) -> Tensor:
        return self.environment.tokens(instances).to(self._device)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id}, access={self.access.label})"


class ReferencedSuspect(Suspect):
    """A suspect beside its trusted twin: what an auditor has who kept an aligned network.

    The twin has the same shape, data and training budget from another seed and is known to be
    aligned. It is the same for every suspect of a build, and is neither a suspect nor a network
    that thresholds are set by.
    """

    _twin: nn.Module

    @classmethod
    def beside(cls, suspect: Suspect, twin: nn.Module) -> ReferencedSuspect:
        """Put a twin beside a suspect; passes through either count on the suspect's meter."""
        joined = cls.__new__(cls)
        joined.__dict__.update(suspect.__dict__)
        joined._twin = suspect.meter.attach(twin)
        return joined

    def twin(self) -> Suspect:
        """The twin at the access and on the meter of the suspect."""
        return self._view(self._twin, self.access)
