"""Who may import whom: the package's layers, and the one owner of each library."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import seq2seq_demo

PACKAGE = Path(seq2seq_demo.__file__).parent
ROOT = PACKAGE.parent
FILES = [*sorted(PACKAGE.rglob("*.py")), ROOT / "app.py"]

MAY_IMPORT = {
    "app": "web checkpoint",
    "__init__": "model search translator",
    "__main__": "cli",
    "cli": "training training_speed own_corpus run_folder evaluation measurement benchmark translator checkpoint data "
    "length_probe figures filtering",
    "web": "translator figures evaluation search data tokenizer text sentences reading",
    "benchmark": "translator model search tokenizer",
    "filtering": "translator validation data text",
    "length_probe": "translator evaluation data",
    "measurement": "translator evaluation validation data text alignment sentences",
    "alignment": "reading text tokenizer translation",
    "translator": "checkpoint search model tokenizer inputs translation reading explanation equations",
    "explanation": "equations model tokenizer",
    "equations": "",
    "reading": "tokenizer text",
    "translation": "search tokenizer typed_text",
    "inputs": "search tokenizer text typed_text",
    "training_speed": "model optimisation tokenizer",
    "training": "model data search checkpoint evaluation optimisation validation tokenizer processes run_folder",
    "validation": "model data search evaluation tokenizer",
    "optimisation": "processes",
    "processes": "checkpoint",
    "run_folder": "tokenizer data",
    "own_corpus": "data evaluation text",
    "checkpoint": "model tokenizer",
    "data": "tokenizer text typed_text",
    "tokenizer": "text",
    "figures": "text",
    "evaluation": "",
    "model": "",
    "search": "",
    "text": "",
    "sentences": "",
    "typed_text": "text",
    "config": "",
    "strict": "",
    "errors": "",
}
"""For each part of the package the others that it imports, beside errors, strict and config, which everybody may."""

OWNERS = {
    "gradio": {"web", "app"},
    "huggingface_hub": {"checkpoint"},
    "matplotlib": {"figures"},
    "opencc": {"typed_text"},
    "sacrebleu": {"evaluation"},
    "safetensors": {"checkpoint"},
    "sentencepiece": {"tokenizer"},
    "spaces": {"web", "app"},
}


def part_of(module: str) -> str:
    """Name the part that a module belongs to: ``seq2seq_demo.model.decoder`` is of ``model``."""
    return (module.split(".") + ["__init__"])[1] if module.startswith("seq2seq_demo") else module


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


def imports_of(path: Path) -> set[str]:
    """Return the modules that a file imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            inside = (f"{node.module}.{alias.name}" for alias in node.names)
            submodules = {name for name in inside if name in MODULES}
            found |= submodules or {str(node.module)}
    return found


MODULES = {module_of(path): path for path in FILES}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_part_may(module: str) -> None:
    part = part_of(module)
    allowed = {part, "errors", "strict", "config", *MAY_IMPORT[part].split()}
    inner = {part_of(name) for name in imports_of(MODULES[module]) if name.startswith("seq2seq_demo.")}
    assert inner <= allowed, f"{module} may not import {inner - allowed}"


@pytest.mark.parametrize("module", MODULES)
def test_a_library_is_imported_by_its_owner_alone(module: str) -> None:
    libraries = {name.split(".")[0] for name in imports_of(MODULES[module])}
    for library in libraries & OWNERS.keys():
        assert part_of(module) in OWNERS[library], f"{module} may not import {library}"
    if part_of(module) in ("web", "app"):
        assert "torch" not in libraries, f"{module}: the page holds no torch code"


def test_no_module_imports_itself_through_others() -> None:
    graph = {module: {name for name in imports_of(path) if name in MODULES} for module, path in MODULES.items()}
    # The package's own file imports on demand only.
    graph["seq2seq_demo.__init__"] = set()
    assert list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import seq2seq_demo", {"torch", "gradio", "matplotlib", "huggingface_hub", "sacrebleu", "numpy"}),
        ("import seq2seq_demo.training, seq2seq_demo.benchmark", {"gradio", "matplotlib", "huggingface_hub", "spaces"}),
        ("import seq2seq_demo; seq2seq_demo.Translator", {"gradio", "matplotlib", "huggingface_hub", "sacrebleu"}),
        ("import seq2seq_demo.reading, seq2seq_demo.equations", {"torch"}),
        ("from seq2seq_demo.cli import build_parser; build_parser()", {"torch", "numpy", "huggingface_hub"}),
    ],
)
def test_an_import_pulls_in_no_more_than_it_needs(code: str, absent: set[str]) -> None:
    command = [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"]
    loaded = set(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split())
    assert not loaded & absent


def test_every_public_name_can_be_imported() -> None:
    for name in seq2seq_demo.__all__:
        assert getattr(seq2seq_demo, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        seq2seq_demo.Nothing  # noqa: B018
    assert set(seq2seq_demo.__all__) <= set(dir(seq2seq_demo))
