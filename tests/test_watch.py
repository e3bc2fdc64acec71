"""Watching files: what is looked at, what has changed, and a server that follows."""

from __future__ import annotations

import os
from pathlib import Path

from tests.kit.supervised import APP, supervised
from writehead._supervisor.watch import Watched, differing, sentence


def watched(folder: Path, *files: Path) -> Watched:
    return Watched(
        [str(folder)], ["*.py", "views/*.html"], [".*", "__pycache__", "~*"], [*map(str, files)], 0.25
    )


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_what_is_looked_at(tmp_path: Path) -> None:
    """Globs are of names or of paths; what is excluded is excluded with all that is in it."""
    seen = [
        write(tmp_path / "main.py"),
        write(tmp_path / "deep" / "er" / "mod.py"),
        write(tmp_path / "views" / "page.html"),
        write(tmp_path / "settings.toml"),
    ]
    for name in ("notes.txt", ".git/hook.py", "__pycache__/main.py", "~main.py", "page.html", ".hidden.py"):
        write(tmp_path / name)
    which = watched(tmp_path, tmp_path / "settings.toml", tmp_path / "missing.env")
    assert set(which.look()) == set(map(str, seen))
    assert all(which.has(str(each)) for each in seen)
    assert not which.has("/elsewhere/main.py")


def test_what_has_changed(tmp_path: Path) -> None:
    """Files that were written, made, removed; and a folder that has gone."""
    one, two = write(tmp_path / "one.py"), write(tmp_path / "in" / "two.py")
    which = watched(tmp_path)
    before = which.look()
    assert differing(before, which.look()) == []
    one.write_text("longer")
    two.unlink()
    two.parent.rmdir()
    three = write(tmp_path / "three.py")
    assert differing(before, which.look()) == sorted(map(str, (one, two, three)))
    assert Watched([str(tmp_path / "gone")], ["*"], [], [], 1).look() == {}


def test_a_few_files_are_named() -> None:
    """Three, and how many more."""
    assert sentence([os.path.abspath("a.py")]) == "a.py changed"
    names = [os.path.abspath(f"{each}.py") for each in "abcde"]
    assert sentence(names) == "a.py, b.py, c.py and 2 more changed"


def test_a_server_follows_its_files(tmp_path: Path) -> None:
    """A change is loaded; one that does not start is shown, and the old code serves on."""
    with supervised(tmp_path, "--reload", "--reload-delay", "20ms", workers=1) as served:
        served.write(APP.replace('"one"', '"number two"'))
        served.until("main.py changed")
        served.until("reloaded")
        assert served.version() == "number"
        served.write("import missing_one")
        served.until("reload stopped: the new worker 1 failed to start; 1 old worker serves on")
        assert served.version() == "number"
        served.write(APP.replace('"one"', '"three_"'))
        while served.version() != "three_":
            pass
        assert served.stop() == 0


def test_more_workers_beside_reload(tmp_path: Path) -> None:
    """One is used, and that is said."""
    (tmp_path / "main.py").write_text(APP)
    with supervised(tmp_path, "--reload", "--workers", "3", workers=1) as served:
        assert "--reload serves by 1 worker, not 3" in served.log()
        assert len(served.workers()) == 1
        assert served.stop() == 0
