"""The line discipline does what Linux's does: the same keys to ours and to a pty of the host, echo and read compared."""
import ctypes
import os
import random
import select
import struct
import subprocess
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("O", "build") / "tests/host"
BASE_I = termios.ICRNL | termios.IXON
BASE_O = termios.OPOST | termios.ONLCR
BASE_L = termios.ICANON | termios.ECHO | termios.ECHOE | termios.ECHOK | termios.ECHOCTL | termios.ECHOKE | termios.IEXTEN | termios.ISIG
CC = bytes([3, 0x1c, 0x7f, 0x15, 4, 0, 1, 0, 0x11, 0x13, 0x1a, 0, 0, 0x0f, 0x17, 0x16, 0]) + bytes(2)
KEYS = [b"a", b"b c", b"word", b"\t", b"\x7f", b"\x7f\x7f", b"\x15", b"\x17", b"\x16\x03", b"\x16\x16", b"\x04", b"\r",
        b"\n", b"\x01", b"\x1b[A", b"\xc3\xa9", b"\xe2\x82\xac", b"x_1-2", b"  ", b"\x03", b"\x1a", b"\x00", b"\xff", b"#"]


@pytest.fixture(scope="module")
def ours():
    BUILD.mkdir(parents=True, exist_ok=True)
    lib = BUILD / "n_tty.so"
    gcc = subprocess.run(["gcc", "-print-file-name=include"], capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-g", "-shared", "-fPIC", "-ffreestanding", "-nostdinc", "-isystem", gcc, f"-I{ROOT}",
                    f"-I{ROOT}/include", "-w", "-o", lib, ROOT / "drivers/tty/n_tty.c", ROOT / "tests/host/n_tty_host.c"], check=True)
    return ctypes.CDLL(str(lib))


class Ours:
    def __init__(self, lib, mode):
        self.lib = lib
        lib.host_reset(mode)
        self.buf = ctypes.create_string_buffer(1 << 16)

    def out(self):
        n = self.lib.host_output(self.buf)
        return self.buf.raw[:n]

    def type(self, keys):
        self.lib.host_type(keys, len(keys))
        return self.out()

    def write(self, text):
        self.lib.host_write(text, len(text))
        return self.out()

    def mode(self, mode):
        self.lib.host_set_termios(mode)

    def read(self, n):
        got = self.lib.host_read(self.buf, n)
        return self.buf.raw[:got] if got >= 0 else got

    def inq(self):
        return self.lib.host_inq()

    def close(self):
        pass


class Linux:
    """A pty; the master's side is what the device's is. Not our controlling terminal, so ^C signals nobody."""
    def __init__(self, mode, wait=0.01):
        self.wait = wait
        self.master, self.slave = os.openpty()
        os.set_blocking(self.slave, False)
        self.mode(mode)

    def out(self):
        got = b""
        while select.select([self.master], [], [], self.wait)[0]:
            got += os.read(self.master, 65536)
        return got

    def type(self, keys, step=1):
        got = b""
        for i in range(0, len(keys), step):  # one by one: ^C drops output that nobody has read
            os.write(self.master, keys[i:i + step])
            got += self.out()
        return got

    def write(self, text):
        os.write(self.slave, text)
        return self.out()

    def mode(self, mode):
        import fcntl
        fcntl.ioctl(self.slave, 0x5402, mode)

    def read(self, n):
        try:
            return os.read(self.slave, n)
        except BlockingIOError:
            return -11

    def inq(self):
        import fcntl
        return struct.unpack("i", fcntl.ioctl(self.slave, 0x541B, bytes(4)))[0]

    def close(self):
        os.close(self.master)
        os.close(self.slave)


def mode(i=BASE_I, o=BASE_O, lflag=BASE_L, cc=CC):
    return struct.pack("IIIIB19s", i, o, termios.B38400 | termios.CS8 | termios.CREAD, lflag, 0, cc)


def random_mode(rng):
    i, o, lflag = BASE_I, BASE_O, BASE_L
    for flag in (termios.ICRNL, termios.INLCR, termios.IGNCR, 0o40000, termios.ISTRIP):
        i ^= flag if rng.random() < 0.2 else 0
    for flag in (termios.ECHOE, termios.ECHOK, termios.ECHOCTL, termios.ECHOKE, termios.ECHO, termios.ECHONL, termios.NOFLSH,
                 termios.IEXTEN, termios.ICANON):
        lflag ^= flag if rng.random() < 0.12 else 0
    return mode(i, o, lflag)


def play(ours, seed, wait):
    """Random keys, reads, writes and modes; None when both sides agree to the end, else what was done and seen."""
    rng = random.Random(seed)
    first = random_mode(rng)
    both = [Ours(ours, first), Linux(first, wait)]
    story = []
    for _ in range(12):
        what = rng.choice(["type"] * 5 + ["read", "read", "write", "inq", "mode"])
        if what == "type":
            arg = b"".join(rng.choices(KEYS, k=rng.randint(1, 6)))
        elif what == "write":
            arg = b"".join(rng.choices([b"text", b"\n", b"\r", b"\t", b"\b", b"ab\tc\n"], k=3))
        elif what == "mode":
            arg = random_mode(rng)
        else:
            arg = rng.choice([1, 3, 1000])
        got, want = [getattr(side, what)(*([] if what == "inq" else [arg])) for side in both]
        story.append((what, arg, got, want))
        if got != want:
            break
    both[1].close()
    return story if got != want else None


@pytest.mark.parametrize("seed", range(60))
def test_same_as_linux(ours, seed):
    for wait in (0.002, 0.05, 1):           # the pty answers by a work queue: give a loaded host more time
        story = play(ours, seed, wait)
        if not story:
            break
    assert not story


def test_long_line(ours):
    """4,095 characters and the end of the line; what is typed beyond is dropped."""
    both = [Ours(ours, mode(lflag=BASE_L & ~termios.ECHO)), Linux(mode(lflag=BASE_L & ~termios.ECHO))]
    both[0].type(b"x" * 5000 + b"\n")
    both[1].type(b"x" * 5000 + b"\n", 100)
    assert select.select([both[1].slave], [], [], 60)[0]		# no echo tells that a work queue of Linux has been there
    assert both[0].read(8192) == both[1].read(8192)
    both[1].close()
