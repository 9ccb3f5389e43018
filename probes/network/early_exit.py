"""Read a network out before its last layers have run."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from probes.network.capture import Edit
from probes.network.turns import Layer, Run


def early_exit(run: Run, layer: Layer, last: Layer) -> Float[Tensor, "batch decision action"]:
    """Outputs when what the last layer writes is replaced by what an earlier one wrote.

    After nostalgebraist (2020), "interpreting GPT: the logit lens": whatever normalises and reads
    out the stream after the last layer reads the earlier stream instead.

    Args:
        run: runs at most one batch of instances.
        layer: after which to read out; the last one changes nothing.
        last: the last layer.
    """
    seen: dict[Layer, Tensor] = {}
    calls: dict[str, int] = {}

    def at(site: str) -> Edit:
        def edit(stream: Tensor) -> Tensor:
            calls[site] = calls.get(site, 0) + 1
            here = Layer(site, calls[site])
            if here == layer:
                seen[here] = stream
            return seen[layer] if here == last else stream

        return edit

    return run({site: at(site) for site in {layer.site, last.site}})
