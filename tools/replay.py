#!/usr/bin/python3
"""replay.py: records one run of the kernel, then opens gdb at its last instruction: from there time goes backwards.

    make replay CMD="cow"                      runs the command, powers off
    make replay                                a shell; Ctrl-a x ends the recording (so do poweroff and a panic)
    make replay IMAGE=build/ktest.elf APPEND="ktest=panic_wild_write"
    make replay GDB="-batch -ex 'break fork' -ex reverse-continue -ex bt"

QEMU writes down what came from outside (keys, interrupts, the clock) with the count of instructions at which it
came; a replay is the same run, instruction by instruction.  A reverse command goes back to the snapshot that was
taken at reset and forward to the place that was asked for.

Environment (the Makefile's words): CMD GDB INITRAMFS (none: without) EXTRA APPEND MEM CPU MACHINE QEMUFLAGS; IMAGE:
another kernel; TIMEOUT: seconds of silence that end the recording; ICOUNT: QEMU's shift=; INPUT: a file [[text, keys],
...]: keys are typed when the console has shown the text (tests/cutaway.py writes it for a test that failed).
"""
import json
import os
import re
import select
import shlex
import socket
import subprocess
import sys
import tempfile
import termios
import time
import tty
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests"))
from cutaway import archive  # noqa: E402

BUILD = Path(os.environ.get("O", TOP / "build"))
ELF = Path(os.environ.get("IMAGE") or os.environ.get("ELF") or BUILD / "cutaway.elf").resolve()
PANIC = re.compile(rb"---\[ end Kernel panic|Rebooting in \d+ seconds")


def word(name, default=""):
    return os.environ.get(name) or default


def refuse():
    """Why this can't be recorded, or None."""
    if int(word("SMP", "1")) > 1:
        return f"SMP={word('SMP')}: QEMU records one processor only (its processors run as threads of the host); leave SMP out"
    if word("UEFI") or "-smp" in word("QEMUFLAGS"):
        return "records the kernel booted straight (PVH), on one processor: leave UEFI and -smp out"
    missing = [str(p) for p in [ELF, *initrds()] if not Path(p).exists()]
    return f"there is no {missing[0]}" if missing else None


def initrds():
    return ([] if word("INITRAMFS") == "none" else [word("INITRAMFS", str(BUILD / "initramfs.cpio"))]) + word("EXTRA").split()


def qemu_words(where):
    """What is the same for recording and replay: the machine, the kernel, the disk that holds the snapshot."""
    append = word("APPEND")
    data = b"".join(Path(p).read_bytes() for p in initrds())
    if word("CMD"):
        data += archive({"/replay.sh": f"#!/bin/sh\n{word('CMD')}\n"})
        append = f"quiet CUTAWAY_RUN=/replay.sh {append}"
    if " console=" not in " " + append:
        append = "console=ttyS0 " + append
    words = ["qemu-system-x86_64", "-accel", "tcg", "-machine", word("MACHINE", "q35"), "-cpu", word("CPU", "max"),
             "-m", word("MEM", "256"), "-smp", "1", "-display", "none", "-monitor", "none", "-vga", "none", "-nic", "none",
             "-global", "apic-common.vapic=off",		# QEMU 7.2: with it reverse commands hang
             "-drive", f"file={where}/rr.qcow2,if=none,id=rr,format=qcow2",
             "-action", "reboot=shutdown,shutdown=pause", "-kernel", str(ELF), "-append", append]
    if data:
        (where / "initrd").write_bytes(data)
        words += ["-initrd", str(where / "initrd")]
    return words + shlex.split(word("QEMUFLAGS"))


class Qemu:
    """QEMU that records or replays, with QMP on a socket and the console on its standard input and output."""
    def __init__(self, words, where, mode, *more):
        self.reason = None		# why the guest ended
        self.keys, self.fed = b"", 0	# not typed yet; when the last ones were
        self.heard = True		# the guest has said something since
        clock = f"shift={word('ICOUNT', 'auto')},rr={mode},rrfile={where}/rr.bin,rrsnapshot=init"
        self.process = subprocess.Popen(
            [*words, "-icount", clock, "-qmp", f"unix:{where}/qmp-{mode},server=on,wait=off", *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)	# ^C is for gdb
        self.monitor = self.connect(str(where / f"qmp-{mode}")).makefile("rw")
        self.monitor.readline()
        self.ask("qmp_capabilities")

    def connect(self, path):
        for _ in range(2400):
            try:
                link = socket.socket(socket.AF_UNIX)
                link.connect(path)
                return link
            except OSError:
                if self.process.poll() is not None:
                    sys.exit("replay: QEMU did not start")
                time.sleep(0.05)
        sys.exit("replay: QEMU does not answer")

    def feed(self):
        """Some of the keys, when those before are echoed: while it records, QEMU takes more than the serial port's 16 bytes and loses the rest."""
        if self.keys and time.time() > self.fed + (0.05 if self.heard else 2):
            self.process.stdin.write(self.keys[:8])
            self.process.stdin.flush()
            self.keys, self.fed, self.heard = self.keys[8:], time.time(), False

    def ask(self, command, **arguments):
        self.monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.monitor.flush()
        for line in self.monitor:
            answer = json.loads(line)
            if "error" in answer:
                sys.exit(f"replay: QEMU: {answer['error']['desc']}")
            if answer.get("event") == "SHUTDOWN":
                self.reason = answer["data"]["reason"]
            if "return" in answer:
                return answer["return"]
        sys.exit(f"replay: QEMU went away at {command}")

    def running(self):
        return self.ask("query-status")["running"]

    def seek(self, count):
        """Runs the replay to that instruction."""
        self.ask("replay-seek", icount=count)
        at, still = -1, 0
        while self.running():
            time.sleep(0.1)
            before, at = at, self.ask("query-replay")["icount"]
            still = still + 1 if at == before else 0
            if still == 300:
                sys.exit(f"replay: stuck at instruction {at:,} of {count:,}")

    def end(self):
        self.process.kill()		# a QEMU that hangs in a replay hears no SIGTERM
        self.process.wait()


class Typist:
    """Types each text of INPUT once what stands before it has been shown."""
    def __init__(self):
        self.todo = json.loads(Path(word("INPUT")).read_text()) if word("INPUT") else []

    def keys(self, seen):
        """(keys to type now, what of the output is not used up)."""
        if self.todo and self.todo[0][0].encode() in seen:
            after, keys = self.todo.pop(0)
            return keys.encode(), seen[seen.index(after.encode()) + len(after.encode()):]
        return b"", seen


def converse(qemu):
    """Console and terminal, until the guest ends, panics, is silent for TIMEOUT, or Ctrl-a x.  Says why it ended."""
    limit = float(word("TIMEOUT", "1e9"))
    last = time.time()
    end = last + 10 * limit
    typist, seen, escape = Typist(), b"", False
    while time.time() < min(last + limit, end):
        ready = select.select([qemu.process.stdout] + ([0] if sys.stdin.isatty() else []), [], [], 0.05)[0]
        qemu.feed()
        if 0 in ready:
            keys = os.read(0, 1024)
            if escape and keys[:1] == b"x" or b"\x01x" in keys:
                return "Ctrl-a x"
            escape = keys == b"\x01"
            qemu.keys += b"" if escape else keys
        if qemu.process.stdout in ready:
            text = os.read(qemu.process.stdout.fileno(), 65536)
            if not text:
                sys.exit("replay: QEMU ended")
            last, qemu.heard = time.time(), True
            os.write(1, text)
            seen += text
            if PANIC.search(seen):
                return "panic"
            keys, seen = typist.keys(seen[-65536:])
            qemu.keys += keys
        elif not ready and not qemu.running():
            return qemu.reason
    return "TIMEOUT"


def record(words, where):
    """One run: the count of its instructions, and why it ended."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", f"{where}/rr.qcow2", "64M"], check=True)
    qemu = Qemu(words, where, "record", "-serial", "stdio")
    terminal = termios.tcgetattr(0) if sys.stdin.isatty() else None
    try:
        if terminal:
            print("replay: recording; Ctrl-a x ends it")
            tty.setraw(0)
        why = converse(qemu)
    finally:
        if terminal:
            termios.tcsetattr(0, termios.TCSADRAIN, terminal)
    if qemu.running():
        qemu.ask("stop")
    count = qemu.ask("query-replay")["icount"]
    qemu.ask("quit")
    os.write(1, qemu.process.communicate()[0])
    print(f"\nreplay: recorded {count:,} instructions, {(where / 'rr.bin').stat().st_size >> 10} KiB, up to: {why}")
    return count, why


def replay(words, where, count, why):
    """gdb on the recording, at its last instruction; or where the guest powers off, for behind that is no way back."""
    qemu = Qemu(words, where, "replay", "-S", "-serial", "null", "-chardev", f"socket,path={where}/gdb,server=on,wait=off,id=gdb", "-gdb", "chardev:gdb")
    try:
        if why != "guest-shutdown":
            qemu.seek(count - 20)
        return subprocess.run(
            ["gdb", "-q", "-nx", "-iex", "set pagination off", "-iex", "set confirm off", "-iex", "set remotetimeout 60", str(ELF), "-x", str(TOP / "tools/gdb/cutaway.py"),
             "-ex", f"target remote {where}/gdb", *(["-ex", "tbreak kernel_power_off", "-ex", "continue"] if why == "guest-shutdown" else []),
             "-ex", r"echo The end of the recording. break, watch and reverse-continue lead back; reverse-stepi and reverse-next by steps.\n",
             *shlex.split(word("GDB"))]).returncode
    finally:
        qemu.end()


def main():
    why = refuse()
    if why:
        sys.exit(f"replay: {why}")
    with tempfile.TemporaryDirectory(prefix="cutaway-replay-") as where:
        where = Path(where)
        words = qemu_words(where)
        return replay(words, where, *record(words, where))


if __name__ == "__main__":
    sys.exit(main())
