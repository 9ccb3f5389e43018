"""Weights are numbers of half precision or they are refused: another type is another network."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file

from organisms.nets.net import OrganismNet
from organisms.records.net_spec import NetSpec
from organisms.zoo.weights import DamagedWeights, load_net, net_of, round_to_half, weights_bytes
from scripted import SMALL_MAZE as MAZE
from scripted import generator

SHAPE = MAZE.net_shape(NetSpec(16, 2, 2))
NET = OrganismNet(SHAPE, generator=generator()).eval()
round_to_half(NET)
STATE = {name: value.half() for name, value in NET.state_dict().items()}
WRITTEN = weights_bytes(NET)
OTHER_TYPES = (
    torch.int8, torch.uint8, torch.int16, torch.int64, torch.bool, torch.bfloat16, torch.float32,
    torch.float64, torch.float8_e4m3fn, torch.complex64,
)  # fmt: skip


@pytest.mark.parametrize("kind", OTHER_TYPES, ids=str)
def test_another_type_is_refused_by_name(kind: torch.dtype, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({name: (value * 100).to(kind) for name, value in STATE.items()}, path)
    with pytest.raises(DamagedWeights, match=rf"holds \S+ as {kind}.*torch.float16"):
        load_net(path, SHAPE)
    last = sorted(STATE)[-1]
    one = save({**STATE, last: STATE[last].to(kind)})
    with pytest.raises(DamagedWeights, match=f"holds {last} as"):
        net_of(one, SHAPE, where="here", remedy="build it again")


def test_a_type_that_torch_does_not_know_is_refused() -> None:
    header = {"a": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}}
    text = json.dumps(header).encode()
    with pytest.raises(DamagedWeights, match="here"):
        net_of(struct.pack("<Q", len(text)) + text + b"ab", SHAPE, where="here", remedy="no")


def test_what_was_written_is_read_to_the_bit() -> None:
    net = net_of(WRITTEN, SHAPE, where="here", remedy="none")
    assert all(
        torch.equal(value, NET.state_dict()[name]) for name, value in net.state_dict().items()
    )


HEADER = 8 + struct.unpack("<Q", WRITTEN[:8])[0]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, HEADER - 1), st.integers(0, 256)), min_size=1, max_size=3))
def test_a_damaged_header_is_refused_or_changes_nothing(changes: list[tuple[int, int]]) -> None:
    """A byte of the header becomes another, or is cut out."""
    damaged = bytearray(WRITTEN)
    for place, byte in changes:
        if byte == 256:
            del damaged[place]
        else:
            damaged[place] = byte
    try:
        net = net_of(bytes(damaged), SHAPE, where="here", remedy="none")
    except DamagedWeights:
        return
    shapes = {name: value.shape for name, value in net.state_dict().items()}
    assert shapes == {name: value.shape for name, value in STATE.items()}
