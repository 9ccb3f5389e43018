"""Folders that are called by a hash, and what else may lie beside them."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

from probes.errors import MesascopeWarning

_HASH = re.compile("[0-9a-f]{16}")


class StrangeFolder(MesascopeWarning):
    """Something that lies where only folders named by a hash do."""


def folders_by_hash(root: Path) -> list[Path]:
    """Folders called by 16 hexadecimal digits, in order; what is hidden is passed over.

    What else lies there, such as a copy that a file service made, is ignored with a warning.
    """
    found = sorted(path for path in root.glob("*") if not path.name.startswith("."))
    own = [path for path in found if _HASH.fullmatch(path.name) and path.is_dir()]
    if strange := sorted(path.name for path in {*found} - {*own}):
        named = ", ".join(map(repr, strange[:3])) + (", ..." if strange[3:] else "")
        warnings.warn(
            f"ignored in {root}: {named}; folders there are called by the 16 digits of a hash",
            StrangeFolder,
            stacklevel=2,
        )
    return own
