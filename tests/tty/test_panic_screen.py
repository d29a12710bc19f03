"""A panic takes the screen, whatever was on it and whatever console= says, from the first moment on, and can be read from it."""
import os
import re
import shutil
import subprocess
import threading
import time

import pytest
from cutaway import BUILD, ON_LINUX, TOP, Machine, rank
from gdbstub import Gdb, symbols

pytestmark = pytest.mark.skipif(ON_LINUX, reason="our panic")
ELF = BUILD / "ktest.elf"
WRONG_ORDER = f"wrong order: low_lock (rank {rank('TASKLIST')})"


def image(tmp_path, words, mode=""):
    """An image of ktest.elf for these words; mode: for GRUB to set, such as 1920x1080x32."""
    (tmp_path / "iso").mkdir()
    menu = (TOP / "iso/grub.cfg").read_text()
    (tmp_path / "iso/grub.cfg").write_text(menu.replace("@MODULES@\n", f"@MODULES@\n\tset gfxpayload={mode}\n" if mode else "@MODULES@\n"))
    shutil.copytree(TOP / "tools", tmp_path / "tools", ignore=lambda _, names: [n for n in names if not n.endswith(".sh")])
    subprocess.run([tmp_path / "tools/iso.sh", tmp_path / "panic.iso", ELF, BUILD / "initramfs.cpio"], cwd=TOP,
                   env=dict(os.environ, APPEND=f"console=ttyS0 {words}"), check=True)
    return tmp_path / "panic.iso"


def shown(m, scale=0):
    """The lines of the screen; scale 0: text mode."""
    m.expect(r"end Kernel panic[^\r\n]*\r\n", 120)		# printed when the screen is drawn
    m.screenshot(m.name)
    return m.screen_text(scale) if scale else m.text_mode()


def check(lines, reason, trace="", width=80, log=r"Command line|KTAP"):
    """All of it is there, in this order, between the title and what to do."""
    text = "\n".join(lines)
    assert lines[0].startswith("Cutaway 6.1.0-cutaway: KERNEL PANIC: "), text
    assert re.sub(r"\s+", "", reason) in re.sub(r"\s+", "", text), text
    assert re.search(r"\nCPU: \d+ PID: \d+ Comm: .*\nRIP: \w+.*\nRSP: .*\n(R.*\n)*CR2: .*\nCall Trace:\n" + trace, text), text
    assert re.search(log, text.split("Call Trace:")[1]), text
    assert lines[-1].startswith("Photograph this screen"), text
    assert "\x7f" not in text and max(len(line) for line in lines) <= width, text


def panic_at(m, place, function="panic"):
    """Stops the machine there and lets it go on with a call of panic, or with a jump to nowhere.
    In a thread: a serial port that nobody reads is full some time, then the kernel waits for each byte."""
    def stop():
        gdb, names = Gdb(m.dir / "gdb"), symbols(ELF)
        gdb.go_to(names[place])
        gdb.set_registers(rdi=names["saved_command_line"], rip=names[function] if function else 0xffffc00000000000)
        gdb.ask("D")
    threading.Thread(target=stop, daemon=True).start()


@pytest.mark.parametrize("name, reason, trace, log", [
    ("deep", "page fault", r"(  deep\S* +deep\S*\n){6}(?!  deep)", "0000"),
    ("lock_order", WRONG_ORDER, r"(  .*\n)+holds spinlock high_lock", "KTAP"),
    ("in_interrupt", "page fault", r"(  .*\n)*(  .*run_timers.*\n)(  .*\n)*(holds .*\n)*holds spinlock high_lock.*\nholds low_mutex", "KTAP"),
    ("inside_panic", "the first", r"(  .*\n)+(holds .*\n)*Panic while panicking: BUG", "KTAP"),
])
def test_text_mode(name, reason, trace, log):
    with Machine(f"panic-text-{name}", append=f"ktest=panic_{name}", kernel=ELF, mem="64", display=True) as m:
        check(shown(m), reason, trace, log=log)


def test_all_processors_at_once():
    """One of them speaks, and only once."""
    with Machine("panic-everywhere", append="ktest=panic_everywhere", kernel=ELF, mem="64", display=True, smp=4) as m:
        lines = shown(m)
        check(lines, "everywhere, here on CPU ", r"(  .*\n)*  .*smp_interrupt")
        assert re.search(r"on CPU (\d)$", lines[0]).group(1) == re.search(r"CPU: (\d)", lines[1]).group(1) != "0"
        time.sleep(1)
        assert m.log().count("Kernel panic - not syncing: everywhere") == 2 and m.log().count("Call Trace") == 1


# Before there is memory to manage; with the kernel's own tables; in an NMI, under the locks of whoever it met.
STAGES = ["mem_init", "kmem_cache_init", "sched_init", "unpack_initramfs", "sys_wait4"]


@pytest.mark.parametrize("place", STAGES)
@pytest.mark.parametrize("function", ["panic", None])
def test_stages_in_text_mode(place, function):
    with Machine(f"panic-at-{place}-{function}", append="one two", kernel=ELF, mem="64", display=True, gdb=True) as m:
        panic_at(m, place, function)
        check(shown(m), "one two" if function else "page fault", log=r"\n\[ +\d+\.\d+\] \w+")


@pytest.mark.parametrize("place", ["mem_init", "sched_init", "unpack_initramfs"])
def test_stages_on_the_framebuffer(tmp_path, place):
    with Machine(f"panic-fb-{place}", iso=image(tmp_path, "one two"), mem="64", display=True, gdb=True) as m:
        panic_at(m, place)
        check(shown(m, 1), "console=ttyS0 one two", width=128, log="Command line")


@pytest.mark.parametrize("mode, scale, uefi", [("800x600x24", 1, False), ("640x480x32", 1, False), ("1920x1080x32", 2, False), ("", 1, True)])
def test_modes(tmp_path, mode, scale, uefi):
    """Letters are as large as leave 80x25 of them."""
    with Machine(f"panic-mode-{mode}", iso=image(tmp_path, "ktest=panic_lock_order", mode), mem="128", uefi=uefi, display=True) as m:
        lines = shown(m, scale)
        width, height, _ = m.pixels()
        assert not mode or mode.startswith(f"{width}x{height}x")
        assert scale == max(1, min(width // 640, height // 400))
        check(lines, WRONG_ORDER, r"(  .*\n)+holds spinlock high_lock", width // 8, "KTAP")


def test_the_screen_is_the_only_console():
    """In the middle of a full-screen program."""
    with Machine("panic-vi", console="console=tty0", append="rdinit=/usr/sbin/edit", display=True,
                 files={"/usr/sbin/edit": "#!/bin/sh\nvi /etc/profile\nexit 7\n"}) as m:
        m.wait_screen(lambda lines: "/etc/profile" in lines[-1])
        m.type(":q!\n")
        check(m.wait_screen(lambda lines: lines[-1].startswith("Photograph")), "Attempted to kill init! exitcode=0x00000700", log=r"\[ +\d+\.\d+\] Run")


def test_panic_word_shows_first(tmp_path):
    with Machine("panic-reset", iso=image(tmp_path, "panic=15 ktest=panic_lock_order"), mem="64", display=True) as m:
        m.qmp("query-status")			# connected: what follows has 15 s of the guest's, which waits for nobody
        m.expect(r"(?# a panic)Rebooting in 15 seconds", 120)
        lines = m.screen_text()
        assert lines[0].startswith("Cutaway") and lines[-1].endswith("resets in 15 s."), lines
        assert m.wait_exit(60) == 0
