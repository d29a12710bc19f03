"""Boots a kernel with a lab's test program and watches it from outside: QEMU, gdb with drive.py inside, and the guest's clock.

    this process --- orders, events (pipes) --- gdb --- unix socket --- QEMU
         |                                                               |
         +---------- QMP (unix socket): the clock, "stop" ---------------+

One gdb serves all boots of a kernel: it reads the symbols once. Limits are in the guest's time, so the host's speed does not matter: the ACPI PM timer (3.58 MHz, 24 bits) follows QEMU's virtual clock,
one nanosecond for each instruction. A guest over its limit is stopped by QMP; gdb then says where it was.
"""
import contextlib
import ctypes
import json
import os
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from lab import LabError, environment

LIB = Path(__file__).resolve().parent
PM_TIMER, PM_HZ, PM_MASK = 0x608, 3_579_545, (1 << 24) - 1
BOOT_LIMIT = 500_000_000                # guest nanoseconds from power-on to the program's first question
RUNNER_LIMIT = 500_000_000              # for the runner's own work between two tests
FLOOD = 1 << 18                         # bytes on the console that are too many
WALL = 900                              # seconds for one boot on the slowest host: only a net
STILL = 200                             # looks at a machine that runs while its clock does not: nothing will ever wake it


LIBC = ctypes.CDLL(None)


def die_with_parent():
    """In a child: a grader that is killed leaves no machine running."""
    LIBC.prctl(1, signal.SIGKILL)


class Console:
    """The guest's serial line, read for ever: the beginning, the end and how much it was."""
    def __init__(self, stream):
        self.stream, self.head, self.tail, self.total = stream, b"", b"", 0
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while data := self.stream.read1(65536):
            self.total += len(data)
            if len(self.head) < 65536:
                self.head += data
            else:
                self.tail = (self.tail + data)[-65536:]

    def text(self):
        return (self.head + self.tail).decode(errors="replace").replace("\r", "")


class Qemu:
    def __init__(self, elf, initrd, append, memory, gdb=True):
        self.dir = Path(tempfile.mkdtemp(prefix="lab-"))
        # Without disks: the firmware looks for some to boot from, and that takes longer than Cutaway's own boot.
        self.args = ["qemu-system-x86_64", "-nodefaults", "-accel", "tcg", "-machine", "q35,sata=off,smbus=off", "-cpu", "max", "-m", str(memory), "-smp", "1", "-no-reboot",
                     "-display", "none", "-monitor", "none", "-vga", "none", "-nic", "none", "-seed", "1",
                     "-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm",
                     "-kernel", str(elf), "-initrd", str(initrd), "-append", f"console=ttyS0 panic=-1 {append}".strip(),
                     "-serial", "stdio", "-qmp", f"unix:{self.dir}/qmp,server=on,wait=off"]
        if gdb:
            self.args += ["-S", "-chardev", f"socket,path={self.dir}/gdb,server=on,wait=off,id=gdb", "-gdb", "chardev:gdb"]
        self.process = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env=environment(), start_new_session=True, preexec_fn=die_with_parent)
        self.console = Console(self.process.stdout)
        self.ticks, self.last, self.qmp = 0, None, None
        try:
            self.connect()
        except BaseException:
            self.close()
            raise

    def connect(self):
        end = time.time() + 180
        while True:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(f"{self.dir}/qmp")
                break
            except OSError:
                sock.close()
                if self.process.poll() is not None or time.time() > end:
                    raise LabError(f"QEMU did not start: {self.console.text()[-500:]}") from None
                time.sleep(0.01)
        sock.settimeout(120)
        self.sock, self.qmp = sock, sock.makefile("rw")
        self.qmp.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """The answer, or None when QEMU is gone."""
        try:
            self.qmp.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
            self.qmp.flush()
            while line := self.qmp.readline():
                answer = json.loads(line)
                if "return" in answer or "error" in answer:
                    return answer.get("return")
        except (OSError, ValueError):
            pass
        return None

    def pm_timer(self):
        """Ticks, or None before the firmware has put the timer at its port."""
        text = self.command("human-monitor-command", **{"command-line": f"i /w {PM_TIMER:#x}"})
        try:
            value = int(text.split("=")[1], 16)
        except (AttributeError, IndexError, ValueError):
            return None
        return None if value >> 24 else value

    def clock(self):
        """Guest nanoseconds since the start: at least that many (a wrap of the timer may be missed, never invented)."""
        now = self.pm_timer()
        if now is not None:
            self.ticks += (now - self.last) & PM_MASK if self.last is not None else 0
            self.last = now
        return self.ticks * 1_000_000_000 // PM_HZ

    def runs(self):
        """No: gdb holds it."""
        return (self.command("query-status") or {}).get("status") == "running"

    def stop(self):
        self.command("stop")

    def close(self):
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        self.console.thread.join(60)
        self.process.stdout.close()
        if self.qmp:
            with contextlib.suppress(OSError):
                self.qmp.close()
                self.sock.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def symbols(program):
    out = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    return {line.split()[2]: int(line.split()[0], 16) for line in out.splitlines() if len(line.split()) == 3}


class Gdb:
    """A gdb with drive.py in it, for one kernel. boot() gives it a machine; debug: for whom it stays
    where a test fails, in the terminal."""
    def __init__(self, elf, debug=None):
        orders, self.orders = os.pipe()
        self.events, events = os.pipe()
        quiet = {} if debug else {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        command = ["gdb", "-q", "-nx"] + ([] if debug else ["-batch"]) + ["-iex", "set debuginfod enabled off", "-iex", "set auto-load off",
                   str(elf), "-x", str(LIB / "drive.py")]
        self.debug, self.text, self.said = debug, b"", None
        self.process = subprocess.Popen(command, pass_fds=[orders, events], cwd=elf.parent.parent, preexec_fn=die_with_parent,
                                        env=environment() | {"LAB_ORDERS": str(orders), "LAB_EVENTS": str(events)}, **quiet)
        os.close(orders)
        os.close(events)
        if not debug:
            self.said = Console(self.process.stdout)

    def order(self, config):
        with contextlib.suppress(BrokenPipeError):
            os.write(self.orders, json.dumps(config).encode() + b"\n")

    def heard(self, seconds):
        """The events that came within this time, or None: there will be no more."""
        if not select.select([self.events], [], [], seconds)[0]:
            return []
        data = os.read(self.events, 65536)
        *lines, self.text = (self.text + data).split(b"\n")
        return [json.loads(line) for line in lines] if data else None

    def waiting(self):
        """Something has come that nobody has heard yet."""
        return bool(select.select([self.events], [], [], 0)[0])

    def close(self):
        os.close(self.orders)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(None if self.debug else 5)
        self.process.kill()
        self.process.wait()
        os.close(self.events)
        if self.said:
            self.said.thread.join(5)
            self.process.stdout.close()


def symbols(program):
    out = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    return {line.split()[2]: int(line.split()[0], 16) for line in out.splitlines() if len(line.split()) == 3}


def boot(gdb, elf, run_dir, lab, plan, check):
    """One boot with the tests of `plan` in order. (events, console); the last event says how it ended."""
    program = run_dir / "init"
    addresses = symbols(program)
    plan = [dict(item, address=addresses["lab_" + item["test"]]) for item in plan]
    with Qemu(elf, run_dir / "initrd", lab["append"], lab["memory"]) as qemu:
        gdb.order({"socket": f"{qemu.dir}/gdb", "checkpoint": addresses["checkpoint_stop"], "nonce": secrets.randbits(62) | 1 << 61,
                   "plan": plan, "check": str(check) if check.exists() else None, "debug": gdb.debug, "program": str(program)})
        events = list(watch(qemu, gdb))
    if not events or events[-1]["event"] == "broken":
        raise LabError("the grader's gdb failed: " + (gdb.said.text()[-1500:] if gdb.said else "see above"))
    return events, qemu.console


def watch(qemu, gdb):
    """Yields the events of a boot, and bounds the guest's time between them."""
    budget, what, start, end, asked = BOOT_LIMIT, "boot", 0, time.time() + WALL, 0
    last, still = 0, 0                  # what the guest's clock showed, and at how many looks
    while True:
        events = gdb.heard(0.02)
        for event in events or []:
            if event["event"] == "over":
                return
            if event["event"] == "stands":
                gdb.process.wait()          # somebody looks around; that has no limits
                return
            if event["event"] == "stopped":
                event = event | {"event": "hang" if what != "boot" else "boot-hang", "limit": budget}
            yield event
            if event["event"] in ("begin", "done", "end", "boot"):
                what = event["event"]
                budget = {"begin": event.get("limit", 0), "boot": BOOT_LIMIT}.get(what, RUNNER_LIMIT)
                budget += budget // 20 + 2_000_000
                start, asked, still = qemu.clock(), 0, 0
        if events:
            continue
        if events is None:
            return
        now = qemu.clock()
        last, still = now, still + 1 if now == last and qemu.runs() else 0
        # The clock may have been read long after the events: what ends the limit came before it, then, and counts first.
        if (now - start > budget or still > STILL) and time.time() - asked > 2 and not gdb.waiting():
            qemu.stop()
            asked = time.time()
        if time.time() > end:
            yield {"event": "hang", "where": ["the host gave up"], "tasks": [], "limit": budget}
            qemu.process.kill()             # gdb says so, and that the boot is over
            end += WALL


def boots_as(elf, initrd, pattern, append="", memory=256, limit=20_000_000_000):
    """Does the console show `pattern`? (bool, console text)"""
    with Qemu(elf, initrd, append, memory, gdb=False) as qemu:
        end = time.time() + WALL
        while time.time() < end and not re.search(pattern, qemu.console.text()):
            if qemu.process.poll() is not None or qemu.clock() > limit:
                break
            time.sleep(0.05)
        if qemu.process.poll() is not None:
            qemu.console.thread.join(60)    # its last words
        text = qemu.console.text()
    return bool(re.search(pattern, text)), text
