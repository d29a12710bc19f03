"""The build and its tools: nothing rebuilt for nothing, sizes, set-up on other systems, lint, the gdb commands."""
import os
import re
import resource
import shutil
import subprocess

import pytest
from cutaway import BUILD, INITRAMFS, ISO, ON_LINUX, TOP, Machine

pytestmark = pytest.mark.skipif(ON_LINUX, reason="about this tree")


def run(*command, env=None, timeout=1200, status=0, stdin=subprocess.DEVNULL, **kw):
    done = subprocess.run(command, cwd=TOP, env={**os.environ, **(env or {})}, timeout=timeout, stdin=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **kw)
    assert status is None or done.returncode == status, done.stdout
    return done.stdout


def test_nothing_is_rebuilt():
    run("make", "all", "iso", "user")
    again = run("make", "all", "iso", "user")
    assert all(re.search("Nothing to be done|is up to date", line) for line in again.splitlines()), again


@pytest.mark.parametrize("kernel", ["", "1"])
def test_odd_names_and_words(tmp_path, kernel):
    """Blanks, quotes, commas and $ come through make, the shell, GRUB and QEMU (Linux's own escapes by GRUB stay)."""
    folder = tmp_path / "o'd, d:r"
    folder.mkdir()
    shutil.copy(INITRAMFS, folder / 'i"n $x.cpio')
    words = "quiet A=\"x  y\" B=$$HOME,1 C=&;|{}# CUTAWAY_RUN=\"cat /proc/cmdline; env\""
    out = run("make", "run", f"KERNEL={kernel}", f"ISO={folder}/a, b.iso", f"INITRAMFS={folder}/i\"n $$x.cpio", f"APPEND={words}",
              env={"DISPLAY": ""}).replace("\r", "")
    assert {"A=x  y", "B=$HOME,1", "C=&;|{}#"} <= set(out.splitlines()), out
    assert (folder / "a, b.iso").exists() == (not kernel) and "CUTAWAY_RUN: status 0" in out


def test_missing_archive_is_named():
    out = run("make", "iso", f"ISO={BUILD}/none.iso", "EXTRA=/no/such.cpio", status=2)
    assert "/no/such.cpio: No such file" in out and not (BUILD / "none.iso").exists()


def processor_time(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = run(*command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return out, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_clean_build_is_quick_and_without_warnings(tmp_path):
    """Under 15 s on two quiet cores, where mm/memory.c takes 0.3 s: as a ratio, since a core may be slow for minutes."""
    out, whole = processor_time("make", "-j2", f"O={tmp_path}/b")
    assert "warning" not in out
    times = []
    for _ in range(4):
        (tmp_path / "b/mm/memory.o").unlink()
        times.append(processor_time("make", f"O={tmp_path}/b", f"{tmp_path}/b/mm/memory.o")[1])
    assert whole < 100 * sum(times) / len(times)


def test_sizes():
    assert ISO.stat().st_size < 16 << 20


def test_no_relocation_of_functions_between_the_links():
    """The symbol table was made from kernel0.elf: it must say the truth about cutaway.elf."""
    def text(elf):
        return [line for line in run("nm", "-n", str(elf)).splitlines() if re.search(r" [tT] ", line)]
    assert text(BUILD / "kernel0.elf") == text(BUILD / "cutaway.elf")


def test_image_rights():
    """No segment of the image is both writable and executable."""
    for line in run("readelf", "-lW", str(BUILD / "cutaway.elf")).splitlines():
        if line.split()[:1] == ["LOAD"]:
            assert not ("W" in line[50:] and re.search(r" R?W?E ", line)), line


def test_lint():
    assert "0 complaints" in run("make", "lint")


@pytest.mark.parametrize("system, command", [("dnf", "dnf install"), ("pacman", "pacman -S"), ("brew", "brew install")])
def test_set_up_elsewhere_prints_the_command(tmp_path, system, command):
    for tool in ("sh", "tr", "id", "sed", "sort", "dirname"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    for name, text in ((system, "exit 9"), ("uname", "echo Darwin" if system == "brew" else "echo Linux")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    out = run(shutil.which("sh"), "tools/setup.sh", "build", "qemu", env={"PATH": str(tmp_path), "HOME": "/nonexistent"}, status=1)
    assert command in out and "nasm" in out


def test_debug_commands():
    """`make debug` stops at start_kernel, and each ct- command says what is so."""
    script = "\n".join([
        "ct-runqueue", "ct-files 0", "ct-pgtable nothing", "ct-pgtable 0x8000000000000000", "hbreak n_tty_poll", "continue", "ct-ps", "ct-runqueue", "ct-vmas 1", "ct-files 1",
        "ct-user 1", "info symbol main", "ct-pgtable 0x401000 1", "ct-pgtable start_kernel", "ct-dmesg", "kill", "quit"])
    path = BUILD / "tests/debug.gdb"
    path.parent.mkdir(exist_ok=True)
    path.write_text(script)
    with open(path) as commands:
        out = run("make", "debug", "KERNEL=1", stdin=commands)
    assert re.search(r"Breakpoint 1, start_kernel \(", out), out
    assert "CPU 0 has no run queue (yet)" in out and 'No symbol "nothing"' in out and "is no address" in out, out
    assert "Python Exception" not in out, out
    assert "auto-load" not in out and "warning" not in out.lower().replace("warning: icount", ""), out
    assert re.search(r"^ +1 +1 +0 [SR] .* init$", out, re.M) and "[kthreadd]" in out and "swapper" in out, out
    assert re.search(r"CPU 0: \d+ runnable, min_vruntime \d+", out) and re.search(r"running +\d+ ", out), out
    assert re.search(r"^[0-9a-f]{12}-[0-9a-f]{12} r-xp .* /init$", out, re.M) and "[stack]" in out, out
    assert re.search(r"^ +1 0x\w+ count \d+ .* /dev/console$", out, re.M), out
    assert re.search(r"main in section .text of .*user/init", out), out
    assert re.search(r"^pte .* P U A", out, re.M) and re.search(r"0x401000 -> physical 0x\w+, page of 4 KiB", out), out
    assert "Linux version" in out, out


@pytest.fixture(scope="module")
def debian():
    """Debian packages as an archive, behind the default one."""
    path = BUILD / "tests/debian.cpio"
    path.parent.mkdir(exist_ok=True)
    run("make", "rootfs", "PACKAGES=dash bash coreutils sed gawk findutils tar perl-base gcc libc6-dev", f"OUT={path}", timeout=900)
    machine = Machine("debian", append="quiet", initrd=INITRAMFS.read_bytes() + path.read_bytes(), mem="1024")
    with machine as m:
        m.login()
        yield m


@pytest.mark.parametrize("command, answer", [
    ("readlink /proc/$$/exe", "/usr/bin/dash"),
    ("bash -c 'echo ${BASH_VERSION%%.*} $((6*7)); a=(x y z); echo ${#a[@]} ${a[-1]}'", "5 42\n3 z"),
    ("ls --version | sed -n 1p", "ls (GNU coreutils) 9.1"),
    ("printf '3 c\\n1 a\\n2 b\\n' | sort | gawk '{ s = s $2 } END { print s, length(s) }'", "abc 3"),
    ("find /etc -name 'pass*' -type f | sed 's/etc/ETC/'", "/ETC/passwd"),
    ("cd /etc && tar cf /tmp/e.tar . && mkdir /tmp/e && tar xf /tmp/e.tar -C /tmp/e && cmp /etc/passwd /tmp/e/passwd; echo $?; cd", "0"),
    ("perl -e 'print join(\",\", map { $_ ** 2 } 1 .. 5), \"\\n\"'", "1,4,9,16,25"),
    ("readlink /bin /lib64", "usr/bin\nusr/lib64"),
])
def test_debian_programs(debian, command, answer):
    assert debian.run(command, timeout=60).replace("\r", "").strip() == answer


def c_program(functions=160):
    """500 lines of C whose output is known."""
    lines = ["#include <stdio.h>", "#include <stdlib.h>", "#include <string.h>", ""]
    for i in range(functions):
        lines += [f"static unsigned f{i}(unsigned x)", "{", f"\treturn x * {2 * i + 3}u + {i}u;", "}"][:4]
    lines += ["int main(int argc, char **argv)", "{", "\tunsigned x = argc > 1 ? atoi(argv[1]) : 1;"]
    lines += [f"\tx = f{i}(x);" for i in range(functions)]
    lines += ["\tchar *s = malloc(64);", "\tsnprintf(s, 64, \"%u\", x);", "\tputs(s);", "\treturn strlen(s) == 0;", "}"]
    x = 7
    for i in range(functions):
        x = (x * (2 * i + 3) + i) & 0xffffffff
    assert len(lines) >= 500
    return "\n".join(lines) + "\n", str(x)


def test_gcc_in_the_guest(debian):
    """A 500-line program is compiled, assembled, linked and run by Debian's gcc inside."""
    source, answer = c_program()
    send_file(debian, "/tmp/p.c", source)
    assert int(debian.run("wc -l </tmp/p.c")) >= 500
    debian.run("gcc -O1 -Wall -c -o /tmp/p.o /tmp/p.c && gcc -o /tmp/p /tmp/p.o", timeout=180)
    assert debian.run("/tmp/p 7").strip() == answer


def send_file(machine, path, text):
    """Types a file in, a few lines at a time: perl turns hex into bytes, so that no shell quoting is in the way."""
    machine.run(f": >{path}")
    data = text.encode().hex()
    for at in range(0, len(data), 1000):
        machine.run(f"perl -e 'print pack(\"H*\", shift)' {data[at:at + 1000]} >>{path}")
