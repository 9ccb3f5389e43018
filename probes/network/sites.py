"""Names of the residual-stream sites of a suspect, by TransformerLens convention."""

from __future__ import annotations

from probes.network.suspect import Suspect

RESIDUAL = ("hook_resid_pre", "hook_resid_mid", "hook_resid_post")
"""Last words of the names of sites that read the residual stream."""


def residual_sites(suspect: Suspect, *, kinds: tuple[str, ...] = RESIDUAL) -> list[str]:
    """Residual sites in the order of the network; empty where it names none.

    Args:
        suspect: needs access `ACTIVATIONS`.
        kinds: which of `RESIDUAL` to list.
    """
    return [site for site in suspect.sites() if site.rpartition(".")[2] in kinds]
