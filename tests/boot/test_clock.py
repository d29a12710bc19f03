"""Which clock serves, that it keeps time, that time never goes back between processors, and that a bad TSC is found out."""
import ctypes
import re
import struct
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cutaway import BUILD, ON_LINUX, Machine
from gdbstub import Gdb, symbols

ROOT = Path(__file__).resolve().parents[2]
CLOCKS = {
    "tsc": dict(),
    "acpi_pm": dict(append="tsc=unstable"),
    "acpi_pm ": dict(cpu="max,-hypervisor"),
    "acpi_pm  ": dict(append="tsc=unstable", machine="pc"),
    "jiffies": dict(append="tsc=unstable", machine="pc", qemu=["-no-acpi"]),
    "tsc ": dict(cpu="max,-hypervisor", machine="pc", qemu=["-no-acpi"]),
}


@pytest.mark.skipif(ON_LINUX, reason="the log's words and the processors' bits are Cutaway's choice")
@pytest.mark.parametrize("which", CLOCKS)
def test_clock(which):
    order = BUILD / "tests/sched/clock_order"
    with Machine(f"clock-{which}", smp=2, files={"/order": order}, **CLOCKS[which]) as m:
        m.login()
        assert re.findall(r"Switched to clocksource (\w+)", m.log()) == [which.strip()]
        if "hypervisor" in str(CLOCKS[which]) and which != "tsc ":
            assert "tsc: not used: not invariant" in m.log()
        outer = time.time()
        first = float(m.run("cat /proc/uptime").split()[0])
        inner = time.time()
        assert "ok 1" in m.run("/order", 60)
        time.sleep(max(0, 3 - (time.time() - inner)))
        inner = time.time() - inner
        passed = float(m.run("cat /proc/uptime").split()[0]) - first
        outer = time.time() - outer
        # Ticks that the host swallows are lost for jiffies alone.
        assert (inner * 0.98 - 0.02 if which != "jiffies" else 0.1) <= passed <= outer * 1.02 + 0.02


@pytest.mark.skipif(ON_LINUX, reason="the log's words are Cutaway's")
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_counted_instructions_are_the_tsc(cpu):
    """The benchmark rests on it: under icount the TSC serves, at a GHz."""
    with Machine("clock-icount", icount=True, cpu=cpu) as m:
        m.expect("tsc: Detected (999.[89]|1000.[01])[0-9]* MHz", 60)
        m.expect("Switched to clocksource tsc", 60)


@pytest.mark.skipif(ON_LINUX, reason="pokes into Cutaway's memory")
def test_bad_tsc_is_found_out(tmp_path):
    with Machine("clock-bad-tsc", smp=2, qemu=["-gdb", f"unix:{tmp_path}/gdb,server=on,wait=off"]) as m:
        m.login()
        gdb = Gdb(tmp_path / "gdb")		# QEMU stops for it
        khz = struct.unpack("<Q", gdb.read(symbols()["tsc_khz"], 8))[0]
        gdb.write(symbols()["tsc_khz"], struct.pack("<Q", khz * 11 // 10))
        gdb.ask("D")
        m.expect("Marking TSC unstable due to a disagreement", 20)
        m.expect("Switched to clocksource acpi_pm\r\n", 20)
        outer = time.time()
        first = float(m.run("cat /proc/uptime").split()[0])
        m.run("sleep 1")
        passed = float(m.run("cat /proc/uptime").split()[0]) - first
        assert 1 <= passed <= (time.time() - outer) * 1.02 + 0.02


@pytest.mark.skipif(ON_LINUX, reason="pokes into Cutaway's memory")
def test_processors_that_differ(tmp_path):
    """QEMU's never do: the difference that the check would have found is put where it keeps it."""
    with Machine("clock-warp", smp=2, qemu=["-S", "-gdb", f"unix:{tmp_path}/gdb,server=on,wait=off"]) as m:
        gdb = Gdb(tmp_path / "gdb")
        gdb.go_to(symbols()["start_kernel"])
        gdb.write(symbols()["max_warp"], struct.pack("<Q", 1000))
        gdb.ask("D")
        m.expect("Marking TSC unstable due to processors that differ", 60)
        m.expect("Switched to clocksource acpi_pm", 20)
        m.login()
        m.run("sleep 1")


@pytest.mark.parametrize("base", ["1999-12-31T23:59:30", "2000-02-29T00:00:00", "2026-11-22T12:00:00", "2039-06-01T06:07:08"])
def test_date(base):
    start = time.time()
    with Machine(f"clock-date-{base[:4]}", qemu=["-rtc", f"base={base}"]) as m:
        m.login()
        want = datetime.fromisoformat(base).replace(tzinfo=timezone.utc).timestamp()
        assert 0 <= int(m.run("date +%s")) - want < (time.time() - start) * 1.02 + 2


def bcd(v):
    return v // 10 << 4 | v % 10


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("hours", [12, 24])
def test_clock_registers(binary, hours):
    """Every form in which the chip may keep its date (rtc_seconds on the host)."""
    lib = BUILD / "tests/host/rtc.so"
    lib.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-shared", "-fPIC", "-w", "-iquote", ".", "-iquote", "include", "-o", lib,
                    "kernel/x86/rtc.c"], check=True, cwd=ROOT)
    seconds = ctypes.CDLL(str(lib)).rtc_seconds
    seconds.restype = ctypes.c_uint64
    form = bcd if not binary else int
    status = (hours == 24) << 1 | binary << 2
    for when in ((1970, 1, 2, 0, 0, 0), (1999, 12, 31, 23, 59, 59), (2000, 2, 29, 12, 0, 1), (2026, 3, 1, 11, 59, 0), (2100, 2, 28, 13, 1, 2)):
        year, month, day, h, minute, sec = when
        hour = form(h) if hours == 24 else form((h + 11) % 12 + 1) | (0x80 if h >= 12 else 0)
        for century in (year // 100, 0):
            if not century and not 2000 <= year < 2100:
                continue
            fields = bytes([form(sec), form(minute), hour, form(day), form(month), form(year % 100), form(century)])
            assert seconds(fields, status) == datetime(*when, tzinfo=timezone.utc).timestamp(), (when, fields.hex())
    for bad in ("ffffffffffffff", "60000001012620", "00000000012620", "00000001132620", "00000001002620"):
        assert seconds(bytes.fromhex(bad), 2) == 0
