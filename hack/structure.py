"""`python -m hack.structure`: the rooms of the product as they are: files, arrows between them, cycles, lengths."""

import ast
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grimp

PACKAGES = ("noctuary", "noctuary_operator", "webhook_receiver")
LONG_FUNCTION_LINES = 40
LONG_MODULE_LINES = 300


def room_of(module: str) -> str:
    """Return the room of a module: the first folder below its package, else the package itself."""
    package, *below = module.split(".")
    return f"{package}.{below[0]}" if len(below) > 1 or _is_folder(module) else package


def _is_folder(module: str) -> bool:
    return module.count(".") == 1 and any(each.is_dir() for each in _candidates(module))


def _candidates(module: str) -> list[Path]:
    path = Path(*module.split("."))
    return [path, Path("operator") / path]


def arrows(graph: grimp.ImportGraph) -> Counter[tuple[str, str]]:
    """Count the imports from one room to another."""
    found: Counter[tuple[str, str]] = Counter()
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            pair = (room_of(importer), room_of(imported))
            if pair[0] != pair[1]:
                found[pair] += 1
    return found


def cycles(graph: grimp.ImportGraph) -> list[tuple[str, str]]:
    """Return the pairs of modules that reach each other."""
    modules = sorted(graph.modules)
    reach = {each: graph.find_downstream_modules(each) for each in modules}
    return [(a, b) for a in modules for b in reach[a] if a < b and a in reach[b]]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the functions of a file with their lengths in lines, without their docstrings."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            yield f"{path}:{node.name}", (node.end_lineno or 0) - first.lineno + 1


def main() -> int:
    """Print the structure; the exit code is that of a tree without cycles."""
    graph = grimp.build_graph(*PACKAGES, include_external_packages=False, cache_dir=None)
    between = arrows(graph)
    rooms = Counter(room_of(module) for module in graph.modules)
    print("files  out  in  room")
    for room, files in sorted(rooms.items()):
        out = sum(pair[0] == room for pair in between)
        print(f"{files:5}  {out:3}  {sum(pair[1] == room for pair in between):2}  {room}")
    found = cycles(graph)
    print(
        f"{len(graph.modules)} modules, {len(between)} arrows between rooms, {len(found)} cycles of imports {found[:3]}"
    )
    paths = [path for root in ("noctuary", "operator", "webhook_receiver") for path in sorted(Path(root).rglob("*.py"))]
    lengths = [each for path in paths for each in functions(path)]
    lines = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    median, long = statistics.median(n for _, n in lengths), [name for name, n in lengths if n > LONG_FUNCTION_LINES]
    print(f"{len(lengths)} functions: median {median:.0f} lines; over {LONG_FUNCTION_LINES}: {long}")
    print(
        f"modules: median {statistics.median(lines.values())} lines; over {LONG_MODULE_LINES}: "
        f"{[name for name, n in lines.items() if n > LONG_MODULE_LINES]}"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
