"""The packages of the library and what they import: `make packages` prints them.

Law: each imports from those before it in `ORDER`, types included.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "writehead"

# The order of the packages: each imports from those before it alone. Only `Socket.server` is typed by what is above.
ORDER = [
    "_shared",
    "errors",
    "_node",
    "_loop",
    "_semantics",
    "_native",
    "events",
    "_streams",
    "_http1",
    "_tls",
    "_net",
    "_message",
    "_connection",
    "_server",
    "_guests",
    "_process",
    "_metrics",
    "_testing",
    "http",
    "https",
    "websocket",
    "asgi",
    "testing",
    "_admin",
    "_supervisor",
]
FACES = [
    "",
    "wsgi",
    "_command",
    "_worker",
    "cli",
    "__main__",
]  # the package, what knows its version, its command
TYPED_BY_ABOVE = {("_net.config", "_server.server"), ("_net.socket_info", "_server.server")}


def modules() -> list[str]:
    """Return the dotted names of the modules below `writehead`; the package itself is ''."""
    names = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        names.append(name.removesuffix("__init__").removesuffix("."))
    return names


def tree_of(module: str) -> ast.Module:
    path = SOURCE.joinpath(*module.split(".")) if module else SOURCE
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text("utf-8"))


def package_of(module: str) -> str:
    return module.split(".")[0]


def imports_of(module: str) -> Iterator[str]:
    """Yield the modules of the library that `module` imports, for types too."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "writehead":
                    yield alias.name.partition(".")[2]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports from where it stands: say the whole name"
            yield from names_from(node)


def names_from(node: ast.ImportFrom) -> Iterator[str]:
    if (node.module or "").split(".")[0] != "writehead":
        return
    base = (node.module or "").split(".")[1:]
    known = modules()
    for alias in node.names:
        whole = ".".join([*base, alias.name])
        yield whole if whole in known else ".".join(base)


def loaded_by(module: str) -> set[str]:
    """Return what a module imports as it is loaded."""
    names = set()
    for node in tree_of(module).body:
        if isinstance(node, ast.ImportFrom):
            names.update(names_from(node))
    return names


def upward(module: str) -> list[str]:
    """Return what a module imports from packages above its own, but for what is known."""
    order = [*ORDER, *FACES]
    here = order.index(package_of(module))
    return sorted(
        other
        for other in set(imports_of(module))
        if order.index(package_of(other)) > here and (module, other) not in TYPED_BY_ABOVE
    )


def rings() -> list[str]:
    """Return the modules that import themselves by way of others."""
    left = {module: loaded_by(module) - {module, package_of(module)} for module in modules()}
    while ready := [module for module, needs in left.items() if not needs & set(left)]:
        for module in ready:
            del left[module]
    return sorted(left)


def lines_of(module: str) -> int:
    path = SOURCE.joinpath(*module.split(".")) if module else SOURCE
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return len(path.read_text("utf-8").splitlines())


def main() -> None:
    """Print each package, the highest first: its files and lines, and the packages that it imports."""
    print(f"{'package':14} {'files':>5} {'lines':>6}  imports")
    order = [*ORDER, *FACES]
    for package in reversed(order):
        files = [module for module in modules() if package_of(module) == package]
        found = {package_of(other) for module in files for other in imports_of(module)} - {package}
        named = " ".join(sorted(found, key=order.index, reverse=True))
        print(f"{package or 'writehead':14} {len(files):5} {sum(map(lines_of, files)):6}  {named}")
    above = [f"{module} -> {other}" for module in modules() for other in upward(module)]
    print(f"upward: {len(above)} {' '.join(above)}\nrings: {len(rings())} {' '.join(rings())}")
    known = ", ".join(f"{one} -> {other}" for one, other in sorted(TYPED_BY_ABOVE))
    print(f"typed by what is above: {known}")


if __name__ == "__main__":
    main()
