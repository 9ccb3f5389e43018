"""Shapes in signatures are checked while the tests run; the tiny suite is built once."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from jaxtyping import install_import_hook

    hook = install_import_hook(["organisms", "probes", "detect", "evals"], "beartype.beartype")
    import transformer_lens  # noqa: F401  its import warns about packages we do not use
