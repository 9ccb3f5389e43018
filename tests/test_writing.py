"""One module writes files: whole or not at all, in the mode that the umask gives."""

from __future__ import annotations

import ast

import pytest
from test_import_direction import modules

WRITER = "probes.writing"
ELSEWHERE = {
    "evals.guests.guest": {"shutil.copy", "shutil.copytree"},
    "evals.guests.arrival": {"shutil.copytree"},
    "probes.model_folder.tokenizer": {"shutil.copyfile", "Path(scratch, own.name).write_text"},
    "evals.audit.template": {"save_file"},
    "evals.command.console": {"os.open", "Path(os.devnull).open"},
}
"""Modules that write into a temporary folder of their own, or into the null device, and a file
that is printed for users to copy."""
METHODS = {
    "write_text", "write_bytes", "touch", "mkstemp", "NamedTemporaryFile", "save_file",
    "save_model", "tofile", "savez", "savez_compressed", "savetxt", "extract", "extractall",
    "FileHandler",
}  # fmt: skip
"""Calls that write a file in place, or in a mode that is not the umask's, whosever they are."""
CALLS = {
    "shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copyfileobj", "shutil.copytree",
    "shutil.move", "torch.save", "np.save", "json.dump", "pickle.dump", "os.open",
}  # fmt: skip
"""Calls that do so under this name."""


def writes(source: str) -> set[str]:
    """What a module calls to write files by itself."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            whole = ast.unparse(node.func)
            name = whole.rpartition(".")[2]
            words = [*node.args, *(word.value for word in node.keywords)]
            if (
                name in METHODS
                or whole in CALLS
                or (name in {"open", "fdopen"} and any(map(_is_writing_mode, words)))
            ):
                found.add(whole)
    return found


def _is_writing_mode(word: ast.expr) -> bool:
    mode = word.value if isinstance(word, ast.Constant) else None
    return isinstance(mode, str) and len(mode) < 4 and bool(set(mode) & set("wax+"))


def test_only_one_module_writes_files() -> None:
    own = {
        name: found - ELSEWHERE.get(name, set())
        for name, path in modules().items()
        if name != WRITER and (found := writes(path.read_text("utf-8")))
    }
    assert not {name: found for name, found in own.items() if found}, f"take {WRITER}"


@pytest.mark.parametrize(
    "planted",
    [
        "path.write_text(text)",
        "(folder / name).write_bytes(weights)",
        "open(path, 'w')",
        "with path.open('ab') as file: pass",
        "path.open(mode='w+', encoding='utf-8')",
        "handle, name = tempfile.mkstemp()",
        "shutil.copyfile(one, other)",
        "safetensors.torch.save_file(state, path)",
        "torch.save(state, path)",
        "json.dump(record, file)",
    ],
)
def test_another_writer_would_be_seen(planted: str) -> None:
    assert writes(planted)
    assert not writes("path.open(); open(path, 'rb'); x.copy(); path.read_bytes()")
