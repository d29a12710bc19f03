"""The framebuffer console, looked at as a picture and typed at by a PS/2 keyboard, under BIOS and UEFI."""
import time

import pytest
from cutaway import BUILD, LOGS, ON_LINUX, Machine

pytestmark = pytest.mark.skipif(ON_LINUX, reason="our image")


def lit(picture):
    """How many pixels are not background."""
    width, height, rgb = picture
    return sum(1 for i in range(0, len(rgb), 3) if max(rgb[i:i + 3]) > 60)


@pytest.fixture(scope="module", params=["bios", "uefi"])
def screen(request):
    with Machine(f"screen-{request.param}", iso=BUILD / "cutaway.iso", uefi=request.param == "uefi", display=True) as m:
        m.login(180)
        m.param = request.param
        time.sleep(1)
        yield m


def typed(m, text, wait=1.0):
    m.type(text + "\n")
    time.sleep(wait)


def test_shows_log_and_prompt(screen):
    width, height, _ = screen.pixels()
    assert (width, height) >= (640, 400)
    assert lit(screen.pixels()) > 2000
    assert screen.screenshot(f"screen-{screen.param}-boot").stat().st_size > 1000


def test_keyboard_runs_commands(screen):
    typed(screen, "echo Hello, World! > /tmp/typed; seq 3 | tac >> /tmp/typed")
    assert screen.run("cat /tmp/typed") == "Hello, World!\n3\n2\n1\n"
    typed(screen, "for i in 1 2 3; do echo $((i*i)); done > /tmp/loop")
    assert screen.run("cat /tmp/loop") == "1\n4\n9\n"
    typed(screen, "A=\"~!@#%^&*()_+{}|<>?[];'\"; echo \"$A\" > /tmp/keys")
    assert screen.run("cat /tmp/keys") == "~!@#%^&*()_+{}|<>?[];'\n"


def test_text_appears_and_clears(screen):
    typed(screen, "clear")
    empty = lit(screen.pixels())
    typed(screen, "seq 20")
    assert lit(screen.pixels()) > empty + 300
    screen.screenshot(f"screen-{screen.param}-seq")
    typed(screen, "clear")
    assert abs(lit(screen.pixels()) - empty) < 400


def test_colours(screen):
    typed(screen, "clear; printf '\\033[41m          \\033[42m          \\033[0m\\n'")
    _, _, rgb = screen.pixels()
    reds = sum(1 for i in range(0, len(rgb), 3) if rgb[i] > 120 and rgb[i + 1] < 90 and rgb[i + 2] < 90)
    greens = sum(1 for i in range(0, len(rgb), 3) if rgb[i] < 90 and rgb[i + 1] > 120 and rgb[i + 2] < 90)
    assert reds > 500 and greens > 500


def test_control_keys(screen):
    screen.type("sleep 100\n")
    time.sleep(0.7)
    screen.key("ctrl", "c")
    time.sleep(0.5)
    typed(screen, "echo after $? > /tmp/after")
    assert screen.run("cat /tmp/after") == "after 130\n"
    screen.type("sleep 99\n")
    time.sleep(0.7)
    screen.key("ctrl", "z")
    time.sleep(0.7)
    typed(screen, "jobs > /tmp/jobs; kill -9 %1")
    assert "Stopped" in screen.run("cat /tmp/jobs")


def test_history_by_arrows(screen):
    typed(screen, "echo once >> /tmp/hist")
    screen.key("up")
    typed(screen, "")
    assert screen.run("cat /tmp/hist") == "once\nonce\n"


def test_vi_on_the_screen(screen):
    typed(screen, "vi /tmp/vi.txt", 1.5)
    for part in ("i", "edited on the screen", "\x1b"):
        screen.type(part)
        time.sleep(0.4)
    screen.screenshot(f"screen-{screen.param}-vi")
    typed(screen, ":wq")
    assert screen.run("cat /tmp/vi.txt") == "edited on the screen\n"


def test_scrolls_fast(screen):
    start = time.time()
    typed(screen, "seq 5000; echo done > /tmp/scrolled", 0)
    screen.run("while [ ! -e /tmp/scrolled ]; do sleep 0.1; done", 60)
    assert time.time() - start < 45
    screen.screenshot(f"screen-{screen.param}-end")
