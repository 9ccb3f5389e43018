"""Activations by site as rows for probes, in blocks that never hold more than a stated budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from probes.errors import MesascopeError
from probes.network.capture import BATCH, Edit, edited
from probes.network.suspect import Suspect
from probes.world.environment import Instances

Reader = Callable[[slice, Sequence[str]], Mapping[str, Tensor]]
"""Gives the activations of a range of instances at some sites, instances first."""

BUDGET = 2**30
"""Bytes of activations that are kept at a time where nothing else is said."""

HELD_BLOCK = 2**26
"""Bytes of a block of activations that are kept; bounds the copies made while fitting."""


class FeatureError(MesascopeError, ValueError):
    """Activations that no probe can be fitted on; the message says where and why."""


@dataclass(frozen=True)
class Block:
    """Some consecutive instances at one site.

    Attributes:
        start: number of the first instance.
        rows: their activations; a site without positions has one.
    """

    start: int
    rows: Float[Tensor, "batch position width"]


class Features:
    """Activations that may be read again and again, kept where they fit and recomputed where not.

    Where all sites fit into half of the budget they are read once and kept; else one site at a
    time is kept while it is asked for; where not even one fits, every pass over a site runs the
    network again. The other half of the budget holds the block being read. The budget counts
    activations at the sites; what the network needs inside one forward pass comes on top, for at
    most as many instances as a block holds.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        n_instances: int,
        sites: Sequence[str],
        budget: int = BUDGET,
        device: str = "cpu",
    ) -> None:
        """Wrap a reader; nothing is read yet.

        Args:
            reader: gives the activations of a range of instances.
            n_instances: instances in all.
            sites: where to read.
            budget: bytes of activations kept at a time.
            device: where blocks and the probes fitted on them live.

        Raises:
            FeatureError: there is no site, a site is named twice, or there is no instance.
        """
        if not sites:
            raise FeatureError("no sites to probe; name at least one module of the network")
        if len(set(sites)) < len(sites):
            raise FeatureError(f"every site may be named once, got {list(sites)}")
        if n_instances < 1 or budget < 1:
            raise FeatureError(
                f"need instances and a budget in bytes, got {n_instances} and {budget}"
            )
        self.sites = tuple(sites)
        self.n_instances = n_instances
        self.budget = budget
        self.device = device
        self._reader = reader
        self._shapes: dict[str, tuple[int, int]] = {}
        self._types: dict[str, torch.dtype] = {}
        self._held: dict[str, Float[Tensor, "batch position width"]] = {}

    @classmethod
    def given(cls, activations: Mapping[str, Tensor], *, device: str = "cpu") -> Features:
        """Features from activations that are there already, instances first."""
        lengths = {len(rows) for rows in activations.values()}
        if len(lengths) > 1:
            raise FeatureError(f"sites have different numbers of instances: {sorted(lengths)}")

        def reader(part: slice, sites: Sequence[str]) -> Mapping[str, Tensor]:
            return {site: activations[site][part] for site in sites}

        total = sum(rows.numel() * rows.element_size() for rows in activations.values())
        return cls(
            reader,
            n_instances=lengths.pop() if lengths else 0,
            sites=list(activations),
            budget=max(2 * total, 1),
            device=device,
        )

    @classmethod
    def of_network(
        cls,
        network: nn.Module,
        inputs: Tensor,
        sites: Sequence[str],
        *,
        budget: int = BUDGET,
        device: str = "cpu",
    ) -> Features:
        """Outputs of named modules of any network, which has to be on the device already."""

        def reader(part: slice, wanted: Sequence[str]) -> Mapping[str, Tensor]:
            return read_sites(network, inputs[part].to(device), wanted)

        return cls(reader, n_instances=len(inputs), sites=sites, budget=budget, device=device)

    @classmethod
    def of_suspect(
        cls,
        suspect: Suspect,
        instances: Instances,
        sites: Sequence[str],
        *,
        budget: int = BUDGET,
        device: str = "cpu",
    ) -> Features:
        """Activations of a suspect, metered; needs access `ACTIVATIONS`."""

        def reader(part: slice, wanted: Sequence[str]) -> Mapping[str, Tensor]:
            return suspect.capture(instances[part], wanted)

        return cls(reader, n_instances=len(instances), sites=sites, budget=budget, device=device)

    def shape(self, site: str) -> tuple[int, int]:
        """Positions and width of a site."""
        self._measure()
        return self._shapes[site]

    def keeps(self, site: str) -> bool:
        """Whether the activations at a site fit into the budget, so that they are read once."""
        self._measure()
        return self._bytes([site]) * self.n_instances <= self._half

    def blocks(self, site: str) -> Iterator[Block]:
        """All instances at a site, in order.

        Raises:
            FeatureError: an activation is not finite or no tensor of numbers, the shape changes
                between instances, or the budget does not hold a single instance.
        """
        self._measure()
        if site not in self._held and self._bytes(self.sites) * self.n_instances <= self._half:
            self._hold(self.sites)
        elif site not in self._held:
            self._held.clear()
            if self.keeps(site):
                self._hold([site])
        if site in self._held:
            for part in self._parts([site], most=HELD_BLOCK // self._bytes([site])):
                yield Block(part.start, self._held[site][part])
        else:
            for part in self._parts([site]):
                yield Block(part.start, self._read(part, [site])[site])

    @property
    def _half(self) -> int:
        return self.budget // 2

    def _measure(self) -> None:
        """Learn the shape of every site from the first instance."""
        if not self._shapes:
            for site, rows in self._reader(slice(0, 1), self.sites).items():
                self._types[site] = _numbers(site, rows).dtype
                self._shapes[site] = _shape(rows)

    def _bytes(self, sites: Sequence[str]) -> int:
        """Bytes of one instance at some sites."""
        return sum(
            position * width * self._types[site].itemsize
            for site in sites
            for position, width in [self._shapes[site]]
        )

    def _parts(self, sites: Sequence[str], *, most: int = BATCH) -> Iterator[slice]:
        each = self._bytes(sites)
        size = min(self._half // each, max(most, 1))
        if size < 1:
            raise FeatureError(
                f"a budget of {self.budget} bytes does not hold two instances of {each} bytes at "
                f"{list(sites)}; raise it"
            )
        for start in range(0, self.n_instances, size):
            yield slice(start, min(start + size, self.n_instances))

    def _hold(self, sites: Sequence[str]) -> None:
        parts = list(self._parts(sites))
        if len(parts) == 1:
            self._held = self._read(parts[0], sites)
            return
        held = {
            site: torch.empty(
                self.n_instances, *self._shapes[site], dtype=self._types[site], device=self.device
            )
            for site in sites
        }
        for part in parts:
            for site, rows in self._read(part, sites).items():
                held[site][part] = rows
        self._held = held

    def _read(self, part: slice, sites: Sequence[str]) -> dict[str, Tensor]:
        read = self._reader(part, sites)
        checked = {}
        for site in sites:
            rows = _numbers(site, read[site]).to(self.device)
            if len(rows) != part.stop - part.start or _shape(rows) != self._shapes[site]:
                raise FeatureError(
                    f"site {site!r} gave shape {tuple(rows.shape)} for instances {part.start} to "
                    f"{part.stop - 1}, wanted {part.stop - part.start} rows of {self._shapes[site]}"
                    " (positions, width) as for the first; its shape must not depend on the batch"
                )
            # a sum is several times quicker than a look at every number, and shows what is not one
            if not bool(rows.sum().isfinite()) and not bool(rows.isfinite().all()):
                bad = int((~rows.isfinite()).flatten(1).any(dim=1).int().argmax())
                raise FeatureError(
                    f"site {site!r} is not finite for instance {part.start + bad}; no probe can be "
                    "fitted on NaN or infinity"
                )
            checked[site] = rows.reshape(len(rows), *self._shapes[site])
        return checked


@torch.no_grad()
def read_sites(network: nn.Module, inputs: Tensor, sites: Sequence[str]) -> dict[str, Tensor]:
    """Outputs of named modules in one forward pass, left where they are.

    Raises:
        UnknownSite: a name is not a module of the network, or the module did not run.
        FeatureError: a module ran several times, so that its name means several activations.
    """
    read: dict[str, Tensor] = {}

    def keeper(site: str) -> Edit:
        def keep(activation: Tensor) -> Tensor:
            if site in read:
                raise FeatureError(
                    f"site {site!r} runs more than once in a forward pass, as in a looped network; "
                    "probe a site that runs once"
                )
            read[site] = _numbers(site, activation)
            return activation

        return keep

    with edited(network, {site: keeper(site) for site in sites}):
        network(inputs)
    return read


def _numbers(site: str, rows: object) -> Tensor:
    if isinstance(rows, Tensor) and rows.is_floating_point() and rows.ndim >= 2:
        return rows
    came = (
        f"{rows.dtype} of {rows.ndim} axes"
        if isinstance(rows, Tensor)
        else f"a {type(rows).__name__}"
    )
    raise FeatureError(
        f"site {site!r} gives {came}, wanted floating-point numbers with instances first; probe a "
        "module inside it"
    )


def _shape(rows: Tensor) -> tuple[int, int]:
    """Positions and width; heads and the like count as width."""
    positions = 1 if rows.ndim == 2 else rows.shape[1]
    return positions, rows[0].numel() // max(positions, 1)
