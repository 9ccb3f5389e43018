"""What an audit must be told of a network that was not grown here: a class to subclass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from probes.errors import MesascopeError
from probes.network.adapted import AdaptedNetwork, Site, shuffled_weights
from probes.world.environment import Environment

CONFIG = "config.json"
"""A folder that has it is a Hugging Face folder."""


class AdapterError(MesascopeError, ValueError):
    """An adapter, or a network behind it, that cannot be used; the message says what to change."""


class Adapter:
    """Subclass it and say in which world the network acts, and how it is built.

    `mesascope audit --template` prints one to fill in. What is left out is not assumed: detectors
    that need it abstain, and `mesascope audit PATH --check` says which, and what they lack.

    Attributes:
        path: of the network that is read, set before `world` is asked.
        embedding: where the tokens, or cells, of the input have one position each.
        residual: ends of the blocks, in order.
        middles: places between attention and MLP, one per block, if there are any.
    """

    path: Path | None = None
    embedding: Site | None = None
    residual: tuple[Site, ...] = ()
    middles: tuple[Site, ...] = ()

    def world(self) -> Environment[Any]:
        """The world that the network acts in: an `OwnWorld`, or a shipped one `WithOptions`."""
        raise AdapterError(f"{type(self).__name__} has no method world()")

    def build(self) -> nn.Module:
        """The network with any weights: what weights from a safetensors file are put into."""
        raise AdapterError(
            f"{type(self).__name__} has no method build(); give one that returns your module, or a "
            "method load(path, lora) that reads it"
        )

    def load(self, path: Path, lora: Path | None) -> nn.Module:
        """Read the network: a safetensors file into `build()`, or a Hugging Face folder.

        Raises:
            AdapterError: the path is neither, or weights do not fit the module.
            LanguageModelError: the Hugging Face folder cannot be read.
        """
        if path.is_dir() and (path / CONFIG).is_file():
            from probes.language_model import load_language_model

            return load_language_model(path, lora=lora).network
        if lora is not None:
            raise AdapterError(f"--lora belongs to a Hugging Face folder, and {path} is none")
        if path.suffix != ".safetensors":
            raise AdapterError(
                f"{path} is no .safetensors file and no folder with a {CONFIG}; pickled "
                "checkpoints (.pt, .pth, .bin) can run code when they are read and are refused: "
                "save the weights with safetensors.torch.save_file(model.state_dict(), path)"
            )
        try:
            weights = load_file(path)
        except (SafetensorError, OSError) as error:
            raise AdapterError(f"{path} is damaged, or no safetensors file: {error}") from error
        network = self.build()
        try:
            network.load_state_dict(weights)
        except Exception as error:  # a stranger's module may raise anything
            raise AdapterError(
                f"{path} does not fit what {type(self).__name__}.build() returns: {error}"
            ) from error
        return network

    def decode(self, outputs: Any) -> Tensor:
        """Outputs of the network -> logits of shape (batch, decision, action)."""
        if isinstance(outputs, Tensor) and outputs.ndim == 2:
            return outputs[:, None]
        logits: Tensor = outputs
        return logits

    def untrained(self, network: nn.Module, generator: torch.Generator) -> nn.Module:
        """A control of the same shape; by default the network's own weights in random order."""
        return shuffled_weights(network, generator)

    def adapted(self, network: nn.Module) -> AdaptedNetwork:
        """The network behind the usual names of sites.

        Raises:
            SiteError: a site names a module that the network does not have.
        """
        return AdaptedNetwork(
            network,
            decode=self.decode,
            embedding=self.embedding,
            residual=self.residual,
            middles=self.middles,
        )
