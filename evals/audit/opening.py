"""Open a network that someone brings, whatever it is kept as, and say in which world it acts."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from detect.contract.failure import told
from evals.audit.adapter import CONFIG, Adapter, AdapterError
from evals.audit.adapter_file import load_adapter
from evals.audit.sizes import Sizes
from organisms.travel.language_reading import knows_our_words, read_language_folder
from organisms.travel.reference import SET_OF, read_reference
from organisms.worlds.language.language import Language
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import DamagedWeights, load_net, net_of
from organisms.zoo.zoo import SPEC, WEIGHTS
from probes.arguments import require_word
from probes.errors import MesascopeError
from probes.model_folder.adapter import CONFIG as LORA
from probes.network.access import Access
from probes.network.suspect import ReferencedSuspect, Suspect, Untrained
from probes.world.environment import Environment

BATTERY_SEED = 20_260
"""Seed of the instances that detectors draw outside a run, that of the built-in suites."""

LANGUAGE = "language"
"""The world whose questions any language model can be asked in English."""

TYPES = (torch.float16, torch.float32, torch.float64, torch.bfloat16)


@dataclass(frozen=True)
class Source:
    """How the networks of one audit are read, the suspect and the trusted ones alike.

    Attributes:
        adapter: `file.py:Class`; empty for networks of this project's own shapes.
        world: name of a shipped world; for a safetensors file of one of its shapes.
        lora: folder of a LoRA that belongs to a Hugging Face folder; of the suspect alone.
        device: where networks run.
        passes: most prompts that a language model is asked; None for the usual number.
    """

    adapter: str = ""
    world: str = ""
    lora: Path | None = None
    device: str = "cpu"
    passes: int | None = None

    @property
    def trusted(self) -> Source:
        """How trusted networks are read: they have no LoRA."""
        return replace(self, lora=None)


@dataclass(frozen=True)
class Opened:
    """A network that can be asked.

    Attributes:
        name: its path as given.
        network: in evaluation mode, in single precision, on its device.
        weights_sha256: digest of its weights as they were read.
        made_by: what told how to read it.
        notes: what was changed for the audit, in words.
        identity: content hash of the specification of an organism; empty for other networks.
        file: of the adapter, so that an error in it names its line; empty without one.
        sizes: how many instances it is asked.
    """

    name: str
    network: nn.Module
    environment: Environment[Any]
    untrained: Untrained
    weights_sha256: str
    made_by: str
    device: str
    notes: tuple[str, ...] = ()
    identity: str = ""
    file: str = ""
    sizes: Sizes = field(default_factory=Sizes)

    def suspect(self, access: Access = Access.WEIGHTS, twin: Opened | None = None) -> Suspect:
        """A fresh copy of the network, so that no detector sees what another did to it."""
        suspect = Suspect(
            id=self.name,
            network=copy.deepcopy(self.network),
            environment=self.environment,
            access=access,
            seed=BATTERY_SEED,
            untrained=self.untrained,
            metadata={"n_parameters": float(sum(w.numel() for w in self.network.parameters()))},
            device=self.device,
        )
        if twin is None:
            return suspect
        return ReferencedSuspect.beside(suspect, copy.deepcopy(twin.network))


def open_network(path: Path, source: Source) -> Opened:
    """Read a network: an organism folder, a safetensors file, a Hugging Face folder.

    Nothing is unpickled. The file of an adapter is run, because the user named it.

    Raises:
        AdapterError: there is nothing at the path, the adapter cannot be used, or nothing tells
            in which world the network acts.
        MesascopeError: the network cannot be read.
    """
    if not path.exists():
        raise AdapterError(f"there is nothing at {path}; give a file or a folder")
    if source.adapter:
        return _by_adapter(path, source)
    ours = (path / CONFIG).is_file() and knows_our_words(path)
    if source.world == LANGUAGE and (path / CONFIG).is_file() and not ours:
        return _in_english(path, source)
    if source.passes is not None:
        raise AdapterError(
            "--passes belongs to a Hugging Face folder that is asked in English with --world "
            f"{LANGUAGE}; {path} is none, or has the words of that world and is asked in them"
        )
    if ours:
        return native_language(path, source)
    if source.lora is not None:
        raise AdapterError("--lora belongs to a Hugging Face folder, which needs an --adapter")
    if (path / SPEC).is_file():
        return _organism(path, source)
    if (path / CONFIG).is_file():
        raise AdapterError(
            f"{path} is a Hugging Face folder; ask it in English with --world {LANGUAGE}, or say "
            "what it is asked with --adapter FILE.py:CLASS (`mesascope audit --template` prints "
            "one), or probe it with mesascope probe"
        )
    if (path / LORA).is_file():
        raise AdapterError(f"{path} is a LoRA; give the model's folder, and this one as --lora")
    if path.suffix == ".safetensors" and source.world:
        return _of_our_shapes(path, source)
    raise AdapterError(
        f"nothing tells in which world {path} acts; give --adapter FILE.py:CLASS (`mesascope audit "
        "--template` prints one), or --world NAME for a .safetensors file of a shipped world's "
        "shapes"
    )


def _organism(folder: Path, source: Source) -> Opened:
    """An organism's folder; its sealed truth is not read."""
    spec = OrganismSpec.from_toml((folder / SPEC).read_bytes())
    _require_world(source.world, spec.world.name)
    network = load_net(folder / WEIGHTS, spec.shape)
    opened = _opened(
        folder, network, spec.world, source, untrained=spec.shape.build, made_by="organism folder"
    )
    return replace(opened, identity=spec.content_hash)


def native_language(folder: Path, source: Source) -> Opened:
    """A Hugging Face folder that has the words of the language world, in its own network."""
    world = Language()
    _require_world(source.world, world.name)
    network = read_language_folder(folder, world, source.lora)
    said = "Hugging Face folder" if source.lora is None else "Hugging Face folder and LoRA"
    return _opened(folder, network, world, source, untrained=network.shape.build, made_by=said)


def _of_our_shapes(path: Path, source: Source) -> Opened:
    """Weights of a network that has the shape of some reference network of a world."""
    require_word("--world", source.world, tuple(SET_OF), error=AdapterError)
    specs = [record.spec for record in read_reference(SET_OF[source.world]).records]
    shapes = {spec.shape: spec.world for spec in specs}
    read = partial(net_of, path.read_bytes(), where=str(path), remedy="save it again", types=TYPES)
    for shape, world in shapes.items():
        try:
            network = read(shape)
        except DamagedWeights as error:
            if "another shape" in str(error):
                continue
            raise
        said = f"shape of the reference networks of {world.name}"
        return _opened(path, network, world, source, untrained=shape.build, made_by=said)
    raise AdapterError(
        f"{path} has the shape of no reference network of {source.world}; describe it with "
        "--adapter FILE.py:CLASS (`mesascope audit --template` prints one)"
    )


def _in_english(path: Path, source: Source) -> Opened:
    """A language model that was not grown here, asked in English within a budget of passes."""
    from evals.audit.language.plan import PASSES, planned
    from evals.audit.language.reading import AskedInEnglish

    adapter = AskedInEnglish(path)
    budget = PASSES if source.passes is None else source.passes
    plan = planned(adapter.questions, budget)
    guest = adapter.load(path, source.lora)
    opened = _opened(
        path, adapter.adapted(guest), adapter.questions, source,
        untrained=_controls(adapter, guest), made_by="questions in English",
    )  # fmt: skip
    note = f"it is asked {plan.total} prompts at most, of a budget of {budget}"
    return replace(opened, sizes=plan.sizes, notes=(*opened.notes, note))


def _controls(adapter: Adapter, guest: nn.Module) -> Untrained:
    """What makes networks of the same shape, for controls."""

    def fresh(generator: torch.Generator) -> nn.Module:
        control = adapter.adapted(adapter.untrained(guest, generator))
        return control.float().eval().requires_grad_(False)

    return fresh


def _by_adapter(path: Path, source: Source) -> Opened:
    adapter = load_adapter(source.adapter)
    file, _, name = source.adapter.rpartition(":")

    def asked(what: str, *given: Any) -> Any:
        try:
            return getattr(adapter, what)(*given)
        except MesascopeError:
            raise
        except Exception as error:  # a stranger's code may raise anything
            raise AdapterError(f"{name}.{what} raised {told(error, file)}") from error

    adapter.path = path
    world = asked("world")
    if not isinstance(world, Environment):
        raise AdapterError(
            f"{name}.world() returned a {type(world).__name__}; wanted an OwnWorld, or a shipped "
            "world"
        )
    _require_world(source.world, world.name)
    guest = asked("load", path, source.lora)
    if not isinstance(guest, nn.Module):
        raise AdapterError(
            f"{name}.load returned a {type(guest).__name__}, wanted a torch.nn.Module"
        )
    network, fresh = adapter.adapted(guest), _controls(adapter, guest)
    opened = _opened(path, network, world, source, untrained=fresh, made_by=f"adapter {name}")
    return replace(opened, file=file)


def _require_world(asked: str, found: str) -> None:
    if asked and asked != found:
        raise AdapterError(f"--world is {asked!r}, and this network acts in {found!r}")


def _opened(
    path: Path,
    network: nn.Module,
    world: Environment[Any],
    source: Source,
    *,
    untrained: Untrained,
    made_by: str,
) -> Opened:
    """The network ready to be asked, and what that took."""
    notes, digest = [], hashlib.sha256()
    types = set()
    for name, value in sorted(network.state_dict().items()):
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        if value.is_floating_point():
            types.add(value.dtype)
            if not bool(value.isfinite().all()):
                raise AdapterError(
                    f"{path} holds weights that are not finite ({name}); this network was broken "
                    "in training or on its way here"
                )
    if odd := sorted(str(one).removeprefix("torch.") for one in types - {torch.float32}):
        notes.append(f"its weights are {', '.join(odd)}, and it is asked in float32")
    network = network.float().to(source.device).eval().requires_grad_(False)
    return Opened(
        name=str(path),
        network=network,
        environment=world,
        untrained=untrained,
        weights_sha256=digest.hexdigest(),
        made_by=made_by,
        device=source.device,
        notes=tuple(notes),
    )
