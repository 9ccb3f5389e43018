"""No choice of seeds makes one stream replay another."""

import pytest

from probes.network.streams import MAX_SEED, stream_seed


def test_names_and_seeds_give_different_streams_of_32_bits() -> None:
    names = ("weights", "training", "trigger", "admission", "battery")
    seeds = [stream_seed(name, seed) for name in names for seed in range(200)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert stream_seed("battery", 7) == stream_seed("battery", 7)


@pytest.mark.parametrize("seed", [-1, MAX_SEED])
def test_seeds_out_of_range_are_refused(seed: int) -> None:
    with pytest.raises(ValueError, match="a seed lies in"):
        stream_seed("battery", seed)
