"""The book builds without a warning; what the editor's files and .gdbinit name is there and works."""
import json
import os
import re
import subprocess
import pytest
from cutaway import BUILD, TOP


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    out = tmp_path_factory.mktemp("book")
    done = subprocess.run(["/usr/bin/python3", "tools/book.py"], cwd=TOP, env={**os.environ, "O": str(out)}, timeout=1200,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0 and "WARNING" not in done.stdout, done.stdout
    return out / "book"


def test_every_chapter_is_a_page_that_the_index_leads_to(book):
    index = (book / "index.html").read_text()
    for path in (TOP / "docs").glob("*.md"):
        assert (book / f"{path.stem}.html").stat().st_size > 5000, path
        assert path.stem == "index" or f'href="{path.stem}.html"' in index, path


def test_nothing_is_loaded_from_elsewhere(book):
    """It can be read without a network."""
    for page in book.glob("*.html"):
        assert not re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="https?:', page.read_text()), page


def test_the_system_calls(book):
    page = re.sub(r"<[^>]+>", " ", (book / "syscalls.html").read_text())
    assert re.search(r"\b59\s+execve\b", page) and re.search(r"\b318\s+355\s+getrandom\b", page)


def test_the_editor_s_files():
    tasks, launch, _ = (json.loads(re.sub(r"^\s*//.*$", "", (TOP / ".vscode" / name).read_text(), flags=re.M))
                        for name in ("tasks.json", "launch.json", "extensions.json"))
    labels = {task["label"] for task in tasks["tasks"]}
    for one in launch["configurations"]:
        assert one["type"] == "cppdbg" and {one.get("preLaunchTask", "build"), one.get("postDebugTask", "build")} <= labels
    for task in tasks["tasks"]:
        for target in re.findall(r"make (?:-j2 )?(\w+)", task["command"]):
            assert re.search(rf"^([\w -]* )?{target}( [\w -]*)?:", (TOP / "Makefile").read_text(), re.M), target


def test_gdbinit_asks_nothing():
    done = subprocess.run(["gdb", "-q", "-batch", "-iex", f"add-auto-load-safe-path {TOP}", str(BUILD / "cutaway.elf"), "-ex", "help ct-ps",
                           "-ex", "help ct-attach"], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert "every task" in done.stdout and "Connects" in done.stdout, done.stdout
    assert "declined" not in done.stdout and "y or n" not in done.stdout, done.stdout
