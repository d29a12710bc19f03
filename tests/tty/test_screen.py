"""The framebuffer console, looked at as a picture and typed at by a PS/2 keyboard, under BIOS and UEFI."""
import os
import re
from pathlib import Path

import pytest
from cutaway import BUILD, ON_LINUX, Machine

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
        at_prompt(m)
        yield m


def at_prompt(m):
    """Waits until the last line on the screen is a prompt, with nothing behind it."""
    return m.wait_screen(lambda lines: re.fullmatch(r"root@cutaway:\S*#", next((line for line in lines[::-1] if line), "")))


def processor_time(m):
    """What QEMU took of the host's processors, in seconds: another measure than time, of which a busy host gives little."""
    fields = Path(f"/proc/{m.qemu.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def typed(m, text, more="; >/tmp/done", limit=60):
    """Types a line and waits on the other console for /tmp/done, which is made when the screen's shell has done it."""
    m.run("rm -f /tmp/done")
    m.type(f"{text}{more}\n")
    m.run("until [ -e /tmp/done ]; do sleep 0.1; done", limit)


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
    at_prompt(screen)
    empty = lit(screen.pixels())
    typed(screen, "seq 20")
    assert lit(screen.pixels()) > empty + 300
    screen.screenshot(f"screen-{screen.param}-seq")
    typed(screen, "clear")
    at_prompt(screen)
    assert abs(lit(screen.pixels()) - empty) < 400


def test_colours(screen):
    typed(screen, "clear; printf '\\033[41m          \\033[42m          \\033[0m\\n'")
    _, _, rgb = screen.pixels()
    reds = sum(1 for i in range(0, len(rgb), 3) if rgb[i] > 120 and rgb[i + 1] < 90 and rgb[i + 2] < 90)
    greens = sum(1 for i in range(0, len(rgb), 3) if rgb[i] < 90 and rgb[i + 1] > 120 and rgb[i + 2] < 90)
    assert reds > 500 and greens > 500


def test_control_keys(screen):
    typed(screen, """awk 'BEGIN { print >"/tmp/done"; close("/tmp/done"); getline }'""", "")
    screen.key("ctrl", "c")
    at_prompt(screen)
    typed(screen, "echo after $? > /tmp/after")
    assert screen.run("cat /tmp/after") == "after 130\n"
    typed(screen, """awk 'BEGIN { print >"/tmp/done"; close("/tmp/done"); getline }'""", "")
    screen.key("ctrl", "z")
    at_prompt(screen)
    typed(screen, "jobs > /tmp/jobs; kill -9 %1")
    assert "Stopped" in screen.run("cat /tmp/jobs")


def test_history_by_arrows(screen):
    typed(screen, "echo once >> /tmp/hist")
    at_prompt(screen)
    screen.key("up")
    screen.type("\n")
    assert screen.run("until [ $(wc -l < /tmp/hist) -ge 2 ]; do sleep 0.1; done; cat /tmp/hist") == "once\nonce\n"


def test_vi_on_the_screen(screen):
    screen.type("vi /tmp/vi.txt\n")
    screen.wait_screen(lambda lines: lines[-1].startswith("- /tmp/vi.txt"))
    screen.type("iedited on the screen\x1b")
    lines = screen.wait_screen(lambda lines: lines[-1].startswith("- /tmp/vi.txt [Modified]"))	# what comes too soon after ESC is a key with it
    assert lines[0].startswith("edited on the screen")
    screen.screenshot(f"screen-{screen.param}-vi")
    screen.type(":wq\n")
    at_prompt(screen)
    assert screen.run("cat /tmp/vi.txt") == "edited on the screen\n"


def test_scrolls_fast(screen):
    start = processor_time(screen)
    typed(screen, "seq 5000", limit=300)
    assert processor_time(screen) - start < 45
    screen.screenshot(f"screen-{screen.param}-end")
