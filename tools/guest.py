"""guest.py: runs a command in the guest by user/window.c and brings back what it saw; for trace.py and picture.py.

The machine's RAM is a file that we map too: the guest says in which page frames its buffer lies and when it is full.
The environment is that of make run: EXTRA, APPEND, MEM, SMP; ICOUNT=0 lets the time be the host's.
"""
import mmap
import os
import re
import shlex
import sys
import tempfile
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests"))
import pexpect                                                                        # noqa: E402
from cutaway import BUILD, INITRAMFS, Failed, Machine, strip_kernel_log               # noqa: E402

PAGE, LOW_RAM = 4096, 2 << 30


class Progress:
    """One line on a terminal that is written over; on anything else a line now and then."""
    def __init__(self):
        self.tty, self.last = sys.stderr.isatty(), time.time()

    def say(self, text, end=False):
        now = time.time()
        if not end and now - self.last < (0.2 if self.tty else 10):
            return
        self.last = now
        print(("\r\033[K" if self.tty else "") + text, end="\n" if end or not self.tty else "", file=sys.stderr, flush=True)


def words(mode, command, env):
    names = {"/tests/window.sh": "#!/bin/sh\nstty cols 999 2>/dev/null\n" +
             "".join(f"export {k}={shlex.quote(v)}\n" for k, v in env.items()) +
             f"exec window {mode} {shlex.quote(command)}\n"}
    return {"append": f"quiet CUTAWAY_RUN=/tests/window.sh {os.environ.get('APPEND', '')}", "files": names}


def wait_for_run(m, progress, command, events):
    """Echoes what the command prints until it has ended; the line that tells of the buffer."""
    start, out, stop = time.time(), [], threading.Event()

    def tick():
        while not stop.wait(0.5):
            n = events() if events else None
            progress.say(f"  running {command!r}: {time.time() - start:.0f} s, {sum(map(len, out)):,} bytes of output"
                         + (f", {n:,} events" if n is not None else ""))
    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        while True:
            got = m.expect([r"@@buffer([ 0-9a-f]*)\r\n", r"@@error ([^\r\n]*)", r"([^\r\n]*)\r\n", pexpect.TIMEOUT], 3600,
                           f"the end of {command!r}")
            if got == 0:
                return m.serial.match.group(1).decode(), "\n".join(out)
            if got == 1:
                raise Failed(m.serial.match.group(1).decode())
            if got == 3:
                raise Failed(f"{command!r} still runs after an hour; the log ends:\n{m.tail()}")
            if b"Kernel panic - not syncing" in m.serial.match.group(1):
                time.sleep(1)
                m.serial.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=2)
                raise Failed(f"the kernel panicked; the log ends:\n{m.tail(60)}")
            line = strip_kernel_log(m.serial.match.group(1).decode(errors="replace") + "\n")
            out.append(line.rstrip("\n"))
    finally:
        stop.set()
        thread.join()


def read_buffer(ram, frames, size):
    parts = []
    for frame in frames[:(size + PAGE - 1) // PAGE]:
        at = frame * PAGE
        at -= (4 << 30) - LOW_RAM if at >= 4 << 30 else 0
        parts.append(ram[at:at + PAGE])
    return b"".join(parts)[:size]


def run(mode, command, mem="256", smp="1", env=None, events=None):
    """(the bytes that window sent, the command's output, its exit status).  events(ram): how many there are by now."""
    progress = Progress()
    icount = os.environ.get("ICOUNT", "1") != "0"
    initrd = INITRAMFS.read_bytes() + b"".join(Path(x).read_bytes() for x in os.environ.get("EXTRA", "").split())
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.NamedTemporaryFile(prefix="cutaway-ram-", dir=shm) as file:
        size = int(mem) << 20
        file.truncate(size)
        qemu = ["-object", f"memory-backend-file,id=ram,size={size},mem-path={file.name},share=on", "-machine", "memory-backend=ram"]
        # No random numbers from the processor: the same run again is the same.
        cpu = "max,-rdrand,-rdseed" if icount else "max"
        with mmap.mmap(file.fileno(), size) as ram, \
                Machine(mode, initrd=initrd, mem=mem, smp=int(smp), cpu=cpu, icount=icount, qemu=qemu, **words(mode, command, env or {})) as m:
            m.expect([r"@@run\r\n", r"@@error ([^\r\n]*)"], 120, "the guest's `window` (is it in the initramfs?)")
            if b"@@error" in m.serial.after:
                raise Failed(m.serial.match.group(1).decode())
            frames, out = wait_for_run(m, progress, command, events and (lambda: events(ram)))
            frames, data = [int(x, 16) for x in frames.split()], []
            while True:
                if m.expect([r"@@chunk (\d+)\r\n", r"@@status (\d+)\r\n"], 600, "the next part of the data") == 1:
                    break
                data.append(read_buffer(ram, frames, int(m.serial.match.group(1))))
                progress.say(f"  reading: {sum(map(len, data)) / 1e6:.1f} MB")
                m.sendline()
            status = int(m.serial.match.group(1))
    if progress.tty:
        progress.say("", end=True)
    return b"".join(data), out, status


def fail(tool, text):
    print(f"{tool}: {text}", file=sys.stderr)
    sys.exit(1)


def embed(template, values):
    """The page: @NAME@ in the template stands for a value; JSON may not end its <script>."""
    text = (TOP / "tools" / template).read_text()
    return re.sub(r"@(\w+)@", lambda found: values.get(found.group(1), found.group(0)), text)
