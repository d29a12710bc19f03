"""make picture: `cow` in a real browser: one page becomes two."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cutaway import BUILD, TOP

sys.path[:0] = [str(Path(__file__).parent)]
from browser import Page                                                      # noqa: E402

OUT = BUILD / "tests/windows"


def tool(**env):
    return subprocess.run(["/usr/bin/python3", TOP / "tools/picture.py"], env={**os.environ, **env}, capture_output=True, text=True, timeout=900)


@pytest.fixture(scope="module")
def page():
    done = tool(CMD="cow", OUT=str(OUT / "cow.html"))
    assert done.returncode == 0, done.stderr
    assert "child writes 1000 " in done.stdout and "1,000 pages became two" in done.stdout
    with Page(OUT / "cow.html") as p:
        p.wait("window.viewer && viewer.ready")
        yield p


def test_one_page_becomes_two(page):
    page.shot(OUT / "cow.png")
    assert page.errors() == []
    frames = page.js("return [...document.querySelectorAll('#walks > div')].map(d => [...d.querySelectorAll('.frame')].map(f => f.textContent))")
    (before,), (kept, copy) = frames
    assert "count 2" in before and "cow-5, cow-6" in before
    assert "count 1" in kept and "count 1" in copy and "the copy" in copy
    assert "One page becomes two" in page.js("return document.getElementById('said').textContent")


def test_numbers(page):
    parent, child = page.js("return viewer.count(after)")
    assert child["copied"] == 1000 and parent["copied"] == 0
    assert parent["shared"] == child["shared"] and 15300 < child["shared"] < 15400
    assert page.js("return [...document.querySelectorAll('.pmd.changed')].length") >= 2


def test_another_moment_and_page(page):
    last = page.js("return viewer.frames.length - 1")
    page.js(f"viewer.set(1, {last})")
    assert "parent writes 1000" in page.js("return document.getElementById('walks').textContent")
    stack = page.js("const p = viewer.frames[1].processes[0], a = p.areas.find(a => a[3] === '[stack]'); viewer.look(a[1] - 4096 * 2); return viewer.focus")
    assert f"{stack:x}" in page.js("return document.getElementById('title').textContent")
    assert page.errors() == []


def test_any_command():
    done = tool(CMD="echo one; sleep 0.05; echo two", OUT=str(OUT / "echo.html"))
    assert done.returncode == 0 and "one\ntwo" in done.stdout, done.stderr
    done = tool(CMD="no-such-command")
    assert done.returncode == 1 and "found no such command" in done.stderr
