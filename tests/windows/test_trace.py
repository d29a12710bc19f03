"""make trace: the parser, and the page in a real browser, on a made-up trace and on a run of `nice`."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cutaway import BUILD, TOP

sys.path[:0] = [str(Path(__file__).parent)]
from browser import Page                                                      # noqa: E402
from sample import sample                                                     # noqa: E402

OUT = BUILD / "tests/windows"


def tool(*args, **env):
    return subprocess.run(["/usr/bin/python3", TOP / "tools/trace.py", *map(str, args)], env={**os.environ, **env},
                          capture_output=True, text=True, timeout=900)


@pytest.fixture(scope="module")
def page():
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "sample.txt").write_text(sample(4000))
    done = tool(OUT / "sample.txt", OUT / "sample.html")
    assert done.returncode == 0, done.stderr
    with Page(OUT / "sample.html") as p:
        p.wait("window.viewer && viewer.ready")
        yield p


def test_page_opens_with_its_lanes(page):
    assert page.js("return viewer.lanes") == ["CPU 0", "CPU 1", "shell-7", "hog0-42", "hog5-43"]
    page.shot(OUT / "sample.png")
    assert page.errors() == []
    assert not re.search(r"(?:src|href)=\"(?!data:)|https?://", (OUT / "sample.html").read_text())


def test_search_finds_tasks_calls_and_text(page):
    page.js("viewer.search('openat file7')")
    assert 0 < page.js("return viewer.hits") < 200
    page.js("viewer.nextHit(1)")
    assert "file7" in page.js("return document.getElementById('details').textContent")
    page.js("viewer.search('hog0')")
    assert page.js("return viewer.hits") == 2, "its fork and its first wake-up"
    assert page.js("return lanes.find(l => l.name === 'hog0-42').hit")
    page.js("viewer.search('enoent')")
    assert page.js("return viewer.hits") > 100
    page.js("viewer.search('')")


def test_cursor_changes_the_tree(page):
    seen = set()
    for t in (1000, 5000, 7000, 11500):
        page.js(f"viewer.setCursor({t})")
        seen.add((t, page.js("return document.getElementById('tree').textContent")))
        q = page.js(f"const q = viewer.queueAt(0, {t}); return [q.current.task.pid, q.fair.map(x => x.task.pid)]")
        assert q == ([42, [43]] if t % 6000 < 4500 else [43, [42]])
    assert len({text for _, text in seen}) > 1


def test_tree_is_red_black(page):
    height, blacks = page.js("""
        const root = rbTree([...Array(100).keys()].map(i => ({ task: T[0], v: i * 7919 % 100 })));
        const order = [], depths = new Set();
        (function walk(n, depth, black) {
          if (!n) { depths.add(black); return; }
          if (n.red && ((n.left && n.left.red) || (n.right && n.right.red))) throw "two red";
          walk(n.left, depth + 1, black + !n.red); order.push([n.v, depth]); walk(n.right, depth + 1, black + !n.red);
        })(root, 1, 0);
        if (order.some((o, i) => o[0] !== i)) throw "order";
        return [Math.max(...order.map(o => o[1])), depths.size]""")
    assert height <= 13 and blacks == 1


def test_zoom_keys_and_mouse(page):
    from selenium.webdriver.common.action_chains import ActionChains
    page.js("viewer.look(0, D.end)")
    wide = page.js("return viewer.view.b - viewer.view.a")
    body, canvas = page.driver.find_element("tag name", "body"), page.driver.find_element("id", "canvas")
    body.send_keys("+")
    assert page.js("return viewer.view.b - viewer.view.a") < wide * .7
    at = page.js("return viewer.view.a")
    body.send_keys("d")
    assert page.js("return viewer.view.a") > at
    body.send_keys("f")
    ActionChains(page.driver).move_to_element_with_offset(canvas, 200, -300).perform()
    assert "CPU 0" in page.js("return document.getElementById('tip').textContent")
    ActionChains(page.driver).click().perform()
    assert page.js("return viewer.cursor") > 0
    page.js("viewer.look(1000, 2000)")
    body.send_keys("h")
    page.js("draw()")
    assert page.js("return lanes.filter(l => l.y < 0).map(l => l.name)") == ["shell-7", "hog5-43"], "they do nothing there"
    body.send_keys("h")
    body.send_keys("?")
    assert page.js("return getComputedStyle(document.getElementById('help')).display") == "block"
    body.send_keys("\ue00c")
    assert page.errors() == []


def test_half_a_million_events(tmp_path):
    (tmp_path / "big.txt").write_text(sample(500_000))
    assert tool(tmp_path / "big.txt", tmp_path / "big.html").returncode == 0
    with Page(tmp_path / "big.html") as p:
        p.wait("window.viewer && viewer.ready")
        ms = min(p.js("const t = performance.now(); viewer.look(0, D.end); draw(); return performance.now() - t") for _ in range(5))
        print(f"one picture of 500,000 events takes {ms:.0f} ms")
        assert ms < 3000 and p.errors() == []


# --- The whole way: boot, run, page ---------------------------------------------------------------

@pytest.fixture(scope="module")
def nice():
    OUT.mkdir(parents=True, exist_ok=True)
    done = tool(CMD="nice -s 1", OUT=str(OUT / "nice"))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nice_is_75_to_25(nice):
    with Page(OUT / "nice.html") as p:
        p.wait("window.viewer && viewer.ready")
        assert p.errors() == []
        p.shot(OUT / "nice.png")
        p.js("viewer.look(300000, 420000); viewer.setCursor(361000)")
        p.shot(OUT / "nice-zoom.png")
        runs = p.js("return T.filter(t => t.comm === 'nice' && t.run > 1000).map(t => [t.prio, t.run])")
        total = sum(run for _, run in runs)
        assert {prio: round(100 * run / total) for prio, run in runs} == {120: 75, 125: 25}
        assert p.js("return T.filter(t => t.v.length > 20).length") == 2, "vruntimes are plotted"


def test_chrome_json(nice):
    events = json.loads((OUT / "nice.json").read_text())["traceEvents"]
    assert {"M", "X", "i", "C"} <= {e["ph"] for e in events}
    calls = [e for e in events if e.get("cat") == "syscall"]
    assert any(e["name"] == "setpriority" and "which" in e["args"]["arguments"] for e in calls)
    threads = {}
    for e in sorted((e for e in events if e["ph"] == "X"), key=lambda e: e["ts"]):
        assert e["ts"] >= threads.get((e["pid"], e["tid"]), 0), "slices of a thread may not overlap"
        threads[e["pid"], e["tid"]] = e["ts"] + e["dur"]


def test_the_same_run_again_is_the_same(nice):
    again = tool(CMD="nice -s 1", OUT=str(OUT / "again"))
    assert again.returncode == 0, again.stderr
    assert (OUT / "nice.txt").read_bytes() == (OUT / "again.txt").read_bytes()


def test_a_small_buffer_loses_the_oldest():
    done = tool(CMD="nice -s 1", OUT=str(OUT / "small"), BUFFER="64")
    assert done.returncode == 0 and "events are lost (BUFFER=128 MEM=1024)" in done.stdout
    with Page(OUT / "small.html") as p:
        p.wait("window.viewer && viewer.ready")
        assert "events are lost" in p.js("return document.getElementById('stats').textContent") and p.errors() == []


def test_errors_are_told():
    done = tool(CMD="no-such-command")
    assert done.returncode == 1 and "found no such command: no-such-command" in done.stderr
    done = tool(CMD="exit 3", OUT=str(OUT / "three"))
    assert done.returncode == 0 and "exit status 3" in done.stdout
    done = tool(CMD="")
    assert done.returncode == 1 and "CMD=" in done.stderr
    done = tool(CMD="echo '[    1.0] Kernel panic - not syncing: as if'; sleep 1")
    assert done.returncode == 1 and "panic" in done.stderr
