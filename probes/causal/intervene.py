"""Interventions on activations as context managers; hooks are gone when the block is left.

All of them raise `UnknownSite` where a site is no module of the network or did not run in the
block. An eraser needs no context manager of its own: `edited(network, {site: eraser})`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from probes.arguments import require_number
from probes.errors import MesascopeError
from probes.network.capture import Edit, edited, position_axis, read_sites


class InterventionError(MesascopeError, ValueError):
    """An intervention that does not fit the activations; the message says what would."""


@dataclass(frozen=True)
class Where:
    """Which part of a site's activations is changed; all of it unless said.

    Attributes:
        positions: numbers along the axis of positions: the second, or that of the queries where
            attention patterns and scores have heads second.
        directions: orthonormal rows; only the activations' part in their span is changed.
    """

    positions: tuple[int, ...] | None = None
    directions: Float[Tensor, "direction width"] | None = None

    def __post_init__(self) -> None:
        if self.directions is None:
            return
        gram = self.directions @ self.directions.T
        if not torch.allclose(gram, torch.eye(len(gram)).to(gram), atol=1e-3):
            raise InterventionError(
                "directions must be orthonormal rows; take torch.linalg.qr of their transpose"
            )

    def replaced(self, site: str, activation: Tensor, wanted: Tensor) -> Tensor:
        """Activations of a site with this part from `wanted`, which broadcasts against them.

        Raises:
            InterventionError: directions are not as wide as the activations, the site has no
                positions or not these, or nothing tells which of its axes runs over them.
        """
        new = wanted.to(activation).expand_as(activation)
        if self.directions is not None:
            span = self.directions.to(activation)
            _require_width(span.shape[1], activation, "directions")
            new = activation + (new - activation) @ span.T @ span
        if self.positions is None:
            return new
        axis = position_axis(site, activation)
        if axis is None:
            raise InterventionError(
                f"site {site!r} gives shape {tuple(activation.shape)}, and nothing tells which "
                "axis runs over positions; name a site of shape (instances, positions, width), or "
                "leave positions out"
            )
        kept = torch.zeros(activation.shape[axis], dtype=torch.bool, device=activation.device)
        try:
            kept[list(self.positions)] = True
        except IndexError:
            raise InterventionError(
                f"positions {self.positions} are not among the {len(kept)} of site {site!r}"
            ) from None
        return torch.where(kept.view(-1, *[1] * (activation.ndim - axis - 1)), new, activation)


EVERYWHERE = Where()


@contextmanager
def patched(
    network: nn.Module, values: Mapping[str, Tensor], *, where: Where = EVERYWHERE
) -> Iterator[None]:
    """Replace activations by given ones.

    Args:
        values: site -> activations of as many instances as run in the block, or of one.

    Raises:
        InterventionError: an activation is not finite; inside the block, where numbers of
            instances or shapes differ.
    """

    def patch(site: str, wanted: Tensor) -> Edit:
        def edit(activation: Tensor) -> Tensor:
            if wanted.shape[1:] != activation.shape[1:] or len(wanted) not in (1, len(activation)):
                raise InterventionError(
                    f"the patch at {site!r} has shape {tuple(wanted.shape)}, the activations "
                    f"{tuple(activation.shape)}; give one instance, or those of this very batch"
                )
            return where.replaced(site, activation, wanted)

        _require_finite(wanted, f"the patch at {site!r}")
        return edit

    with edited(network, {site: patch(site, wanted) for site, wanted in values.items()}):
        yield


@contextmanager
def swapped(
    network: nn.Module, donors: Tensor, sites: Sequence[str], *, where: Where = EVERYWHERE
) -> Iterator[None]:
    """Run with the activations that the network has on other inputs, instance by instance.

    Args:
        network: any module that runs each site once.
        donors: inputs whose activations are taken, as many as run in the block.

    Raises:
        InterventionError: inside the block, where numbers of instances differ.
    """
    with patched(network, read_sites(network, donors, sites), where=where):
        yield


@contextmanager
def steered(
    network: nn.Module,
    directions: Mapping[str, Float[Tensor, " width"]],
    *,
    strength: float = 1.0,
    positions: tuple[int, ...] | None = None,
) -> Iterator[None]:
    """Add `strength` times a direction, as it is and not normalised, to every activation.

    Args:
        directions: site -> what is added.
        strength: factor; 0 is refused, because it would change nothing.
        positions: as in `Where`, everywhere if None.

    Raises:
        InterventionError: the strength or a direction is zero or not finite, or a width does not
            fit.
    """
    where = Where(positions=positions)

    def steer(site: str, direction: Tensor) -> Edit:
        require_number("strength", strength, error=InterventionError)
        if strength == 0 or not bool(direction.any()):
            raise InterventionError(f"steering by nothing at {site!r} would change nothing")
        _require_finite(direction, f"the direction at {site!r}")

        def edit(activation: Tensor) -> Tensor:
            _require_width(len(direction), activation, f"the direction at {site!r}")
            added = strength * direction.to(activation)
            return where.replaced(site, activation, activation + added)

        return edit

    with edited(network, {site: steer(site, added) for site, added in directions.items()}):
        yield


@contextmanager
def ablated(
    network: nn.Module,
    sites: Sequence[str],
    *,
    means: Mapping[str, Tensor] | None = None,
    where: Where = EVERYWHERE,
) -> Iterator[None]:
    """Replace activations by zero, or by a mean.

    Args:
        means: site -> mean activation, broadcast over instances; zero if not given.

    Raises:
        KeyError: a site has no mean.
        InterventionError: a mean is not finite.
    """

    def ablate(site: str, level: Tensor) -> Edit:
        _require_finite(level, "the mean")

        def edit(activation: Tensor) -> Tensor:
            # whole, because a module that works in place refuses an expanded tensor
            whole = level.to(activation).expand_as(activation).contiguous()
            return where.replaced(site, activation, whole)

        return edit

    levels = {site: torch.zeros(()) if means is None else means[site] for site in sites}
    with edited(network, {site: ablate(site, level) for site, level in levels.items()}):
        yield


@contextmanager
def noised(
    network: nn.Module,
    sites: Sequence[str],
    *,
    scale: float,
    generator: torch.Generator,
    where: Where = EVERYWHERE,
) -> Iterator[None]:
    """Add independent normal noise to every activation.

    Args:
        scale: standard deviation, above 0.
        generator: on the cpu, so that noise is the same on every device.

    Raises:
        InterventionError: the scale is not positive, or not finite.
    """
    require_number("the scale of noise", scale, above=0, error=InterventionError)

    def shake(site: str) -> Edit:
        def edit(activation: Tensor) -> Tensor:
            noise = torch.randn(activation.shape, generator=generator)
            return where.replaced(site, activation, activation + scale * noise.to(activation))

        return edit

    with edited(network, {site: shake(site) for site in sites}):
        yield


def _require_finite(given: Tensor, what: str) -> None:
    if not bool(given.isfinite().all()):
        raise InterventionError(f"{what} holds NaN or infinity; give finite numbers")


def _require_width(width: int, activation: Tensor, what: str) -> None:
    if width != activation.shape[-1]:
        raise InterventionError(f"{what}: {width} wide, the activations {activation.shape[-1]}")
