"""A network of any shape is read and edited under the usual names, and answers as before."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from probes.network.adapted import AdaptedNetwork, Site, SiteError, shuffled_weights
from probes.network.capture import capture, edited


class Policy(nn.Module):
    """Convolutions over a grid, then a block that gives a tuple."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 5, 3, padding=1)
        self.mix = Mix()
        self.head = nn.Linear(5, 4)

    def forward(self, image: Tensor) -> Tensor:
        cells, _ = self.mix(self.conv(image).relu())
        return self.head(cells.flatten(2).transpose(1, 2))


class Mix(nn.Module):
    def forward(self, cells: Tensor) -> tuple[Tensor, str]:
        return cells + cells.mean(dim=(2, 3), keepdim=True), "kept"


REVERSED = tuple(range(9))[::-1]


def policy() -> tuple[nn.Module, AdaptedNetwork, Tensor]:
    guest = Policy().eval()
    sites = (Site("conv"), Site("mix", order=REVERSED))
    adapted = AdaptedNetwork(guest, embedding=Site(""), residual=sites)
    image = torch.randn(2, 3, 3, 3, generator=torch.Generator().manual_seed(1))
    return guest, adapted, image


def test_it_answers_as_the_network_does() -> None:
    guest, adapted, image = policy()
    assert torch.equal(adapted(image), Policy().eval()(image))
    assert len(list(adapted.parameters())) == len(list(guest.parameters()))


def test_sites_hold_one_row_per_position_in_the_stated_order() -> None:
    guest, adapted, image = policy()
    read = capture(adapted, image, ["hook_embed", "blocks.0.hook_resid_post"])
    assert torch.equal(read["hook_embed"], image.flatten(2).transpose(1, 2))
    ended = capture(adapted, image, ["blocks.1.hook_resid_post"])["blocks.1.hook_resid_post"]
    held = guest.conv(image).relu()  # type: ignore[operator]
    cells = guest.mix(held)[0].flatten(2).transpose(1, 2)  # type: ignore[operator]
    assert torch.allclose(ended, cells.flip(1))


def test_an_edit_at_a_site_reaches_the_answer_at_the_right_position() -> None:
    _, adapted, image = policy()
    before = adapted(image)

    def erase_first(rows: Tensor) -> Tensor:
        return torch.cat([torch.zeros_like(rows[:, :1]), rows[:, 1:]], dim=1)

    with edited(adapted, {"blocks.1.hook_resid_post": erase_first}):
        after = adapted(image)
    moved = (before != after).any(dim=2)
    assert moved[:, 8].all()
    assert not moved[:, :8].any()


def test_a_copy_has_sites_of_its_own() -> None:
    _, adapted, image = policy()
    copied = copy.deepcopy(adapted)
    with edited(copied, {"blocks.0.hook_resid_post": torch.zeros_like}):
        assert torch.equal(adapted(image), Policy().eval()(image))
        assert not torch.equal(copied(image), adapted(image))


def test_own_hooks_of_the_guest_do_not_count_twice() -> None:
    class Hooked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hook_embed = nn.Identity()
            self.last = nn.Linear(2, 2)

        def forward(self, rows: Tensor) -> Tensor:
            last: Tensor = self.last(self.hook_embed(rows))
            return last

    names = [n for n, _ in AdaptedNetwork(Hooked(), embedding=Site("hook_embed")).named_modules()]
    assert [name for name in names if name.endswith("hook_embed")] == ["hook_embed"]
    plain = [name for name, _ in AdaptedNetwork(Hooked()).named_modules()]
    assert "guest.hook_embed" in plain


@pytest.mark.parametrize(
    ("made", "word"),
    [
        (lambda: AdaptedNetwork(Policy(), embedding=Site("nowhere")), "no module"),
        (lambda: AdaptedNetwork(Policy(), middles=[Site("conv")]), "middles"),
        (lambda: Site("conv", order=(0, 0)), "every position once"),
        (lambda: Site("conv", view=torch.clone), "both"),
    ],
)
def test_a_site_that_cannot_be_is_refused(made: object, word: str) -> None:
    with pytest.raises(SiteError, match=word):
        made()  # type: ignore[operator]


def test_a_site_of_another_shape_says_so_when_it_runs() -> None:
    _, _, image = policy()
    wrong = AdaptedNetwork(Policy(), residual=[Site("conv", order=(1, 0))])
    with pytest.raises(SiteError, match="names 2 positions"):
        wrong(image)


def test_shuffled_weights_are_the_same_numbers_elsewhere() -> None:
    guest = Policy()
    control = shuffled_weights(guest, torch.Generator().manual_seed(0))
    for own, other in zip(guest.parameters(), control.parameters(), strict=True):
        assert torch.equal(own.flatten().sort().values, other.flatten().sort().values)
    assert not torch.equal(guest.conv.weight, control.conv.weight)  # type: ignore[arg-type]
