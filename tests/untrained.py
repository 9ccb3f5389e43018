"""Organisms as the zoo keeps them, with networks that were never trained."""

from __future__ import annotations

import torch

from organisms.records.certificate import Certificate, Check
from organisms.records.truth import Sealed
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes
from organisms.zoo.zoo import Record


def untrained(spec: OrganismSpec) -> tuple[Record, bytes]:
    """An admitted attempt and its serialised network."""
    check = Check("competence", 0.9, (0.8, 0.95), 600, "at_least", 0.5)
    certificate = Certificate((check,), frozenset({"displaced_goal"}), 0.9)
    truth = Sealed.seal(spec.build_recipe().truth)
    net = spec.shape.build(torch.Generator().manual_seed(spec.seed))
    return Record(spec, truth, certificate, "", 3.0, 2.0, "cpu", "ab"), weights_bytes(net)
