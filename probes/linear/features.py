"""Activations by site as rows for probes, read in blocks within a memory budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor, nn

from probes.errors import MesascopeError
from probes.network.capture import BATCH, at_least_single, position_axis, read_sites

Reader = Callable[[slice, Sequence[str]], Mapping[str, Tensor]]
"""Gives the activations of a range of instances at some sites, instances first."""

BUDGET = 2**30
"""Default for the bytes of activations kept at a time."""

HELD_BLOCK = 2**26
"""Bytes of one block of kept activations; bounds the copies made while fitting."""


class FeatureError(MesascopeError, ValueError):
    """Activations that no probe can be fitted on; the message says where and why."""


@dataclass(frozen=True)
class Block:
    """Consecutive instances at one site, from number `start`; no positions count as one.

    `Features` gives rows in single precision or double, whatever the network computes in.
    """

    start: int
    rows: Float[Tensor, "batch position width"]


class Features:
    """Activations that can be read again and again within a memory budget.

    Numbers of half precision become single ones, in which probes can be fitted.

    If all sites fit into half of the budget, they are read once and kept. Otherwise one site is
    kept at a time, and if not even one fits, every pass over a site runs the network again. The
    other half of the budget holds the block being read. What the network needs inside a forward
    pass comes on top.
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
            budget: bytes of activations kept at a time.
            device: where blocks and the probes fitted on them live.

        Raises:
            FeatureError: there is no site, a site is named twice, or there is no instance.
        """
        if not sites or len(set(sites)) < len(sites):
            raise FeatureError(f"name at least one site, and none twice; got {list(sites)}")
        if n_instances < 1 or budget < 1:
            raise FeatureError(
                f"need instances and a budget in bytes, got {n_instances} and {budget}"
            )
        self.sites = tuple(sites)
        self.n_instances = n_instances
        self.budget = budget
        self.device = device
        self._reader = reader
        self._held: dict[str, Float[Tensor, "batch position width"]] = {}

    @classmethod
    def given(cls, activations: Mapping[str, Tensor], *, device: str = "cpu") -> Features:
        """Features from activations that are there already: instances, then positions, if any.

        Under the names of attention patterns and scores, heads come second and positions third.
        """
        lengths = {len(rows) for rows in activations.values()}
        if len(lengths) > 1:
            raise FeatureError(f"sites have different numbers of instances: {sorted(lengths)}")
        return cls(
            lambda part, sites: {site: activations[site][part] for site in sites},
            n_instances=lengths.pop() if lengths else 0,
            sites=list(activations),
            budget=max(2 * sum(rows.nbytes for rows in activations.values()), 1),
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
        """Outputs of named modules of any network, which has to be on the device already.

        Reading them raises a FeatureError where nothing tells which axis of a site is positions.
        """

        def reader(part: slice, wanted: Sequence[str]) -> Mapping[str, Tensor]:
            read = read_sites(network, inputs[part].to(device), wanted)
            for site, activation in read.items():
                if activation.ndim > 3 and position_axis(site, activation) is None:
                    raise FeatureError(
                        f"site {site!r} gives shape {tuple(activation.shape)}, and nothing tells "
                        "which axis runs over positions; read it with `read_sites` and give it as "
                        "(instances, positions, width)"
                    )
            return read

        return cls(reader, n_instances=len(inputs), sites=sites, budget=budget, device=device)

    def shape(self, site: str) -> tuple[int, int]:
        """Positions and width of a site; an attention pattern's positions are its queries."""
        _, positions, width = self._first[site].shape
        return positions, width

    def keeps(self, *sites: str) -> bool:
        """Whether the activations at some sites fit into the budget together, to be read once."""
        return self._bytes(sites) * self.n_instances <= self.budget // 2

    def blocks(self, site: str) -> Iterator[Block]:
        """All instances at a site, in order.

        Raises:
            FeatureError: an activation is not finite or no tensor of numbers, the shape changes
                between instances, or the budget does not hold a single instance.
        """
        if site not in self._held and self.keeps(*self.sites):
            self._held = self._gathered(self.sites)
        elif site not in self._held:
            self._held.clear()
            if self.keeps(site):
                self._held = self._gathered([site])
        if site in self._held:
            for part in self._parts([site], most=HELD_BLOCK // self._bytes([site])):
                yield Block(part.start, self._held[site][part])
        else:
            for part in self._parts([site]):
                yield Block(part.start, self._read(part, [site])[site])

    @cached_property
    def _first(self) -> dict[str, Float[Tensor, "1 position width"]]:
        """Shape and type of the first instance at every site, without its numbers."""
        read = self._reader(slice(0, 1), self.sites)
        return {site: _rows(site, read[site]).to("meta") for site in self.sites}

    def _bytes(self, sites: Sequence[str]) -> int:
        """Bytes of one instance at some sites."""
        return sum(self._first[site].nbytes for site in sites)

    def _parts(self, sites: Sequence[str], *, most: int = BATCH) -> Iterator[slice]:
        each = self._bytes(sites)
        size = min(self.budget // 2 // each, max(most, 1))
        if size < 1:
            raise FeatureError(
                f"a budget of {self.budget} bytes does not hold two instances of {each} bytes at "
                f"{list(sites)}; raise it"
            )
        for start in range(0, self.n_instances, size):
            yield slice(start, min(start + size, self.n_instances))

    def _gathered(self, sites: Sequence[str]) -> dict[str, Tensor]:
        """All instances at some sites."""
        parts = list(self._parts(sites))
        if len(parts) == 1:
            return self._read(parts[0], sites)
        held = {
            site: torch.empty(
                self.n_instances, *self.shape(site), dtype=self._first[site].dtype,
                device=self.device,
            )
            for site in sites
        }  # fmt: skip
        for part in parts:
            for site, rows in self._read(part, sites).items():
                held[site][part] = rows
        return held

    def _read(self, part: slice, sites: Sequence[str]) -> dict[str, Tensor]:
        """A range of instances at some sites, checked."""
        read = self._reader(part, sites)
        checked = {}
        for site in sites:
            rows = _rows(site, read[site]).to(self.device)
            wanted = (part.stop - part.start, *self.shape(site))
            if rows.shape != wanted:
                raise FeatureError(
                    f"site {site!r} gave shape {tuple(rows.shape)} for instances {part.start} to "
                    f"{part.stop - 1}, wanted {wanted} (instances, positions, width) as for the "
                    "first instance; the shape of a site must not depend on the batch"
                )
            # A sum is several times quicker than a look at every number, and hides no NaN.
            if not bool(rows.sum().isfinite()) and not bool(rows.isfinite().all()):
                bad = int((~rows.isfinite()).flatten(1).any(dim=1).int().argmax())
                raise FeatureError(
                    f"site {site!r} is not finite for instance {part.start + bad}; no probe can be "
                    "fitted on NaN or infinity"
                )
            checked[site] = rows
        return checked


def _rows(site: str, activation: object) -> Float[Tensor, "batch position width"]:
    """Activations with three axes, in single precision at least.

    No position counts as one, heads and the like are part of the width; attention patterns become
    (instance, query, head and key).
    """
    if not isinstance(activation, Tensor):
        came = f"a {type(activation).__name__}"
    elif not activation.is_floating_point() or activation.ndim < 2:
        came = f"{activation.dtype} of {activation.ndim} axes"
    else:
        rows = at_least_single(activation)
        if rows.ndim == 2:
            return rows[:, None]
        return rows.movedim(position_axis(site, activation) or 1, 1).flatten(2)
    raise FeatureError(
        f"site {site!r} gives {came}, wanted floating-point numbers with instances first; probe a "
        "module inside it"
    )
