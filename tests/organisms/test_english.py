"""A reply in free text names one box, or none."""

from __future__ import annotations

import pytest

from organisms.worlds.language.english import CONTAINERS, named_box


@pytest.mark.parametrize(
    ("reply", "box"),
    [
        ("drawer", "drawer"),
        ("The key is in the Drawer.", "drawer"),
        ("**Jar**", "jar"),
        ("It is in one of the boxes.", None),
        ("You think it is elsewhere, but it is in the chest, the old chest.", "chest"),
        ("The key is not in the jar. It is in the drawer.", "drawer"),
        ("It's in the drawer, not in your jar.", "drawer"),
        ("The drawer is in the chest. Answer: chest", "chest"),
        ("The key is in the drawer, so the answer is the chest.", "chest"),
        ("The key is in the drawer, which is in the chest.", None),
        ("I do not know.", None),
        ("It is not in the jar.", None),
        ("Under the barrelhead.", None),
        ("", None),
    ],
)
def test_the_box_that_a_reply_names(reply: str, box: str | None) -> None:
    assert named_box(reply, CONTAINERS) == box
