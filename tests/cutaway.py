"""cutaway.py: boots a kernel in QEMU and talks to it; every wait has a limit and says what it waited for.

    with Machine("name", append="...") as m:        PVH: -kernel and -initrd
        m.login()
        out = m.run("ls /proc/self")                at the shell's prompt
    out = batch("name", "commands", files={...})    one boot, one script, its output

CUTAWAY_KERNEL=vmlinuz runs everything on another kernel (Debian's Linux: the tests must pass there too).
CUTAWAY_SLOW=3 stretches all limits.  SMP=4 (make test SMP=4): on so many processors, where a test does not say how many.
"""
import contextlib
import functools
import json
import os
import re
import select
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pexpect import fdpexpect
import pexpect

TOP = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("O", TOP / "build")).resolve()
KERNEL = Path(os.environ.get("CUTAWAY_KERNEL") or BUILD / "cutaway.elf")
INITRAMFS = Path(os.environ.get("INITRAMFS", BUILD / "initramfs.cpio"))
ISO = Path(os.environ.get("ISO", BUILD / "cutaway.iso"))
LOGS = BUILD / "tests/logs"
# Two tests run side by side on two processors (pytest-xdist): on a busy machine each gets less than one.
SLOW = float(os.environ.get("CUTAWAY_SLOW", "3" if "PYTEST_XDIST_WORKER" in os.environ else "1"))
SMP = int(os.environ.get("SMP") or 1)
ON_LINUX = "CUTAWAY_KERNEL" in os.environ
PROMPT = "ct%%> "
SO_SNDBUFFORCE, SERIAL_ROOM = 32, 32 << 20
OVMF = "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"


@functools.cache
def read_font():
    """{16 bytes of a cell: character}, from drivers/fb/font.c."""
    glyphs = re.findall(r'"((?:\\x[0-9a-f]{2}){12})"', (TOP / "drivers/fb/font.c").read_text())
    return {bytes(2) + bytes.fromhex(g.replace("\\x", "")) + bytes(2): chr(32 + i) for i, g in enumerate(glyphs)}


@functools.cache
def rank(name):
    """The number of a lock's rank, from include/spinlock.h."""
    sys.path.append(str(TOP / "tools"))
    from locking import ranks
    return next(number for full, number, _ in ranks() if full == f"RANK_{name}")


class Failed(AssertionError):
    pass


def newc(path, mode, data=b"", nlink=1, rdev=(0, 0), ino=0):
    """One member of a newc cpio archive."""
    name = path.encode() + b"\0"
    fields = (ino, mode, 0, 0, nlink, 0, len(data), 0, 0, rdev[0], rdev[1], len(name), 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def archive(files):
    """{path: bytes, or Path to copy, or None for a directory} as an archive; parents are made."""
    out, seen = [], set()

    def directory(path):
        if path and path not in seen:
            directory(os.path.dirname(path))
            seen.add(path)
            out.append(newc(path, 0o40755, nlink=2))

    for path, data in files.items():
        path = path.strip("/")
        if data is None:
            directory(path)
            continue
        directory(os.path.dirname(path))
        mode = 0o100755
        if isinstance(data, Path):
            mode = 0o100000 | (data.stat().st_mode & 0o777)
            data = data.read_bytes()
        out.append(newc(path, mode, data if isinstance(data, bytes) else data.encode()))
    data = b"".join(out) + newc("TRAILER!!!", 0)
    return data + bytes(-len(data) % 512)


def serial_pair():
    """Two connected sockets, ours and QEMU's, with room for all that a kernel prints while nobody reads. QEMU sends byte by byte,
    and each takes 768 bytes of the buffer: the usual one holds 277, then the guest waits, and loses what its kernel prints."""
    ours, theirs = socket.socketpair()
    try:
        theirs.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, SERIAL_ROOM)
    except PermissionError:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SERIAL_ROOM)
    return ours, theirs


class Machine:
    last = None			# the one started last: what a failed test ran on
    usb_keyboard = False	# keys go to one, and QEMU was started with -trace usb_xhci_xfer_success

    def __init__(self, name, append="", files=None, initrd="base", mem="256", smp=None, cpu="max", machine="q35",
                 iso=None, uefi=False, display=False, icount=False, qemu=(), kernel=None, console="console=ttyS0", disk=False, gdb=False):
        if smp is None:			# make test SMP=4; what counts instructions looks at one
            smp = 1 if icount or "-icount" in qemu else SMP
        self.name = name
        self.dir = Path(tempfile.mkdtemp(prefix="cutaway-"))
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log_path = LOGS / (re.sub(r"[^\w.-]", "_", name) + ".log")
        self.log_path.write_bytes(b"")
        self.sock, theirs = serial_pair()
        args = ["qemu-system-x86_64", "-accel", "tcg", "-machine", machine, "-cpu", cpu, "-m", str(mem), "-smp", str(smp),
                "-no-reboot", "-display", "none", "-monitor", "none", "-d", "cpu_reset", "-D", f"{self.dir}/resets",
                "-chardev", f"socket,id=serial,fd={theirs.fileno()},logfile={self.log_path}",
                "-serial", "chardev:serial", "-qmp", f"unix:{self.dir}/qmp,server=on,wait=off"]
        if not display:
            args += ["-vga", "none", "-nic", "none"]
        else:
            args += ["-nic", "none"]
        if gdb:				# at self.dir/gdb; waits for its continue
            args += ["-S", "-gdb", f"unix:{self.dir}/gdb,server=on,wait=off"]
        if icount:
            args += ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
        if uefi:
            args += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF[0]}",
                     "-drive", f"if=pflash,format=raw,unit=1,snapshot=on,file={OVMF[1]}"]
        if iso:
            args += (["-drive", f"file={iso},format=raw,snapshot=on"] if disk else ["-cdrom", str(iso)])
        else:
            args += ["-kernel", str(kernel or KERNEL), "-append", f"{console} {append}".strip()]
            if initrd is not None:
                data = INITRAMFS.read_bytes() if initrd == "base" else initrd
                (self.dir / "initrd").write_bytes(data + (archive(files) if files else b""))
                args += ["-initrd", str(self.dir / "initrd")]
        self.words = dict(IMAGE=str(kernel or ""), APPEND=f"{console} {append}".strip(), MEM=str(mem), CPU=cpu, MACHINE=machine,
                          QEMUFLAGS=shlex.join(qemu), TIMEOUT="20")
        self.replays = not (iso or uefi or display or smp != 1 or ON_LINUX)
        self.initrd, self.typed, Machine.last = self.dir / "initrd", [], self
        self.stderr = open(self.dir / "stderr", "w+b")
        self.qemu = subprocess.Popen(args + list(qemu), stdin=subprocess.DEVNULL, stdout=self.stderr, stderr=self.stderr, pass_fds=[theirs.fileno()])
        theirs.close()
        self.serial = fdpexpect.fdspawn(self.sock.fileno(), timeout=30, maxread=65536)
        self.serial.delaybeforesend = None
        self._qmp = None

    def _connect(self, name):
        end = time.time() + 60 * SLOW
        while True:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(str(self.dir / name))
                return sock
            except OSError:
                sock.close()
                if self.qemu.poll() is not None or time.time() > end:
                    self.stderr.seek(0)
                    raise Failed(f"{self.name}: QEMU did not start: {self.stderr.read().decode()}") from None
                time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        if self.qemu.poll() is None:
            self.qemu.kill()
        self.qemu.wait()
        self.sock.close()
        if self._qmp:
            with contextlib.suppress(OSError):		# QEMU went before it read a question
                self._qmp.close()
        self.stderr.close()
        if self.initrd.exists():
            self.initrd = self.initrd.replace(LOGS / f"last-{os.getpid()}.cpio")
        shutil.rmtree(self.dir, ignore_errors=True)

    def replay_command(self):
        """The command that records this machine's run again and opens gdb at its end; keeps the archive and the keys for it."""
        if not self.replays:
            return f"{self.name} can't be replayed: that needs a boot without the image, on one processor"
        words = {name: value for name, value in self.words.items() if value not in ("", {"CPU": "max", "MACHINE": "q35"}.get(name))}
        shift = re.search(r"-icount shift=(\d+)\S*", words.get("QEMUFLAGS", ""))
        if shift:
            words["ICOUNT"] = shift.group(1)
            words["QEMUFLAGS"] = words["QEMUFLAGS"].replace(shift.group(0), "").strip()
        kept = self.log_path.with_suffix(".cpio")
        words["INITRAMFS"] = str(shutil.copy(self.initrd, kept)) if self.initrd.exists() else "none"
        if self.typed:
            self.log_path.with_suffix(".keys").write_text(json.dumps(self.typed))
            words["INPUT"] = str(self.log_path.with_suffix(".keys"))
        return "make replay " + " ".join(f"{name}={shlex.quote(value.replace('$', '$$'))}" for name, value in words.items())

    # --- The serial line ---------------------------------------------------------------------------
    def log(self):
        return self.log_path.read_bytes().decode(errors="replace").replace("\r", "")

    def tail(self, lines=40):
        return "\n".join(self.log().splitlines()[-lines:])

    def expect(self, pattern, timeout=30, what=None):
        """Waits for a pattern (or one of a list: returns which).  A panic ends every wait."""
        patterns = pattern if isinstance(pattern, list) else [pattern]
        patterns = [p.encode() if isinstance(p, str) else p for p in patterns]
        panic = b"Kernel panic - not syncing[^\r\n]*"
        extra = [] if any(b"panic" in p for p in patterns if isinstance(p, bytes)) else [panic]
        try:
            got = self.serial.expect(patterns + extra, timeout=timeout * SLOW)
        except pexpect.TIMEOUT:
            raise Failed(f"{self.name}: waited {timeout * SLOW:.0f} s for {what or pattern!r}; the log ends:\n{self.tail()}") from None
        except pexpect.EOF:
            self.stderr.seek(0)
            how = f"QEMU ended (status {self.qemu.wait(timeout=60 * SLOW)}, {self.stderr.read().decode(errors='replace')!r})"
            resets = (self.dir / "resets").read_text(errors="replace")
            if "Triple fault" in resets:
                how += " by a triple fault:\n" + resets[resets.rindex("Triple fault"):]
            raise Failed(f"{self.name}: {how} while waiting for {what or pattern!r}; the log ends:\n{self.tail()}") from None
        except OSError:
            raise Failed(f"{self.name}: QEMU went away while waiting for {what or pattern!r}; the log ends:\n{self.tail()}") from None
        if got == len(patterns):
            time.sleep(0.5)
            raise Failed(f"{self.name}: panic while waiting for {what or pattern!r}; the log ends:\n{self.tail(60)}")
        return got

    def before(self):
        return self.serial.before.decode(errors="replace").replace("\r", "")

    def send(self, text):
        seen = self.serial.after if isinstance(self.serial.after, bytes) else b""
        self.typed.append([seen.decode("latin-1"), text if isinstance(text, str) else text.decode("latin-1")])
        self.sock.sendall(text.encode() if isinstance(text, str) else text)

    def sendline(self, text=""):
        self.send(text + "\r")

    def login(self, timeout=60):
        """Waits for init's shell and gives it a prompt that nothing else prints."""
        self.expect(r"root@cutaway", timeout, "the login shell's prompt")
        self.expect(r"# ", 30)
        self.sendline("stty cols 400; PS1='ct%''%> '; unalias -a")
        self.expect(PROMPT, 30, "the tests' prompt")

    def run(self, command, timeout=30, status=0):
        """One command at the prompt: its output.  status=None: any."""
        self.sendline(command + "; echo \"[st:$?]\"")
        self.expect(r"\r\n", timeout, f"the echo of {command!r}")
        self.expect(r"\[st:(\d+)\]\r\n", timeout, f"the end of {command!r}")
        out, got = self.before(), int(self.serial.match.group(1))
        self.expect(PROMPT, 30)
        if status is not None and got != status:
            raise Failed(f"{self.name}: {command!r} gave {got}, not {status}: {out}")
        return out

    def wait_exit(self, timeout=30):
        """Reads the rest until QEMU ends; its exit status."""
        try:
            self.serial.expect(pexpect.EOF, timeout=timeout * SLOW)
        except pexpect.TIMEOUT:
            raise Failed(f"{self.name}: still running after {timeout * SLOW:.0f} s; the log ends:\n{self.tail()}") from None
        except OSError:
            pass
        return self.qemu.wait(timeout=60 * SLOW)

    # --- QMP: the screen and the keyboard --------------------------------------------------------------
    def qmp(self, command, **arguments):
        if not self._qmp:
            self._qmp = self._connect("qmp").makefile("rw")
            self._qmp.readline()
            self.qmp("qmp_capabilities")
        self._qmp.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._qmp.flush()
        while True:
            answer = json.loads(self._qmp.readline())
            if "error" in answer:
                raise Failed(f"QMP {command}: {answer['error']}")
            if "return" in answer:
                return answer["return"]

    def screenshot(self, name):
        """The screen as a PNG in the log directory; its path."""
        path = LOGS / f"{name}.png"
        self.qmp("screendump", filename=str(path), format="png")
        return path

    def pixels(self):
        """The screen: (width, height, rgb bytes)."""
        path = self.dir / "screen.ppm"
        self.qmp("screendump", filename=str(path))
        data = path.read_bytes()
        head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
        return int(head.group(1)), int(head.group(2)), data[head.end():]

    def text_mode(self):
        """VGA's text memory: 25 lines."""
        path = self.dir / "text"
        self.qmp("pmemsave", val=0xb8000, size=4000, filename=str(path))
        chars = path.read_bytes()[::2].decode("latin-1")
        return [chars[i:i + 80].rstrip() for i in range(0, 2000, 80)]

    def screen_text(self, scale=1):
        """The framebuffer's lines, read by our font in letters of this size; what is no letter is a '\x7f'."""
        width, height, rgb = self.pixels()
        font, lines = read_font(), []
        for y in range(0, height - 16 * scale + 1, 16 * scale):
            line, band = "", rgb[y * width * 3:(y + 16 * scale) * width * 3]
            if band == band[:3] * (len(band) // 3):
                lines.append(line)
                continue
            for x in range(0, width - 8 * scale + 1, 8 * scale):
                rows = [[rgb[i:i + 3] for i in range(((y + r) * width + x) * 3, ((y + r) * width + x + 8 * scale) * 3, 3 * scale)]
                        for r in range(0, 16 * scale, scale)]
                paper = rows[0][0]
                line += font.get(bytes(sum(0x80 >> i for i in range(8) if row[i] != paper) for row in rows), "\x7f")
            lines.append(line.rstrip())
        return lines

    def wait_screen(self, seen, timeout=60):
        """Looks at the screen until seen(its lines); these lines."""
        end = time.time() + timeout * SLOW
        while True:
            lines = self.text_mode() if self.pixels()[:2] == (720, 400) else self.screen_text()
            if seen(lines):
                return lines
            if time.time() > end:
                raise Failed(f"{self.name}: waited {timeout * SLOW:.0f} s for something else than this on the screen:\n" + "\n".join(lines).rstrip())
            time.sleep(0.1)

    KEYS = {" ": "spc", "\n": "ret", "-": "minus", "=": "equal", ".": "dot", ",": "comma", "/": "slash", ";": "semicolon",
            "'": "apostrophe", "`": "grave_accent", "[": "bracket_left", "]": "bracket_right", "\\": "backslash",
            "\t": "tab", "\x1b": "esc", "\x7f": "backspace"}
    SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./"))

    def press(self, *events, wait=True):
        """Events (QEMU's name of a key, down), all at once: a busy host can't make them repeat. Waits until the guest has taken
        them, since QEMU drops what its keyboards can't keep: PS/2 ones 16 bytes, USB ones 16 events."""
        before = self.transfers()
        self.qmp("input-send-event", events=[{"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key}}} for key, down in events])
        end = time.time() + 60 * SLOW
        while wait and not self.taken(before, len(events)):
            if time.time() > end:
                raise Failed(f"{self.name}: waited {60 * SLOW:.0f} s for the guest to take {events}; the log ends:\n{self.tail()}")
            time.sleep(0.005)

    def transfers(self):
        """How many reports the guest has had of USB keyboards: transfers of 8 bytes that ended well."""
        return len(re.findall(rb"usb_xhci_xfer_success .*: len 8\n", (self.dir / "resets").read_bytes())) if self.usb_keyboard else 0

    def taken(self, before, n):
        if self.qemu.poll() is not None:
            return True					# by these keys
        if self.usb_keyboard:
            return self.transfers() >= before + n
        try:
            status = int(self.qmp("human-monitor-command", **{"command-line": "i /b 0x64"}).split("=")[1], 16)
        except (OSError, ValueError):
            return True
        if status == 0xff:				# no PS/2 controller
            time.sleep(0.03)
        return status == 0xff or not status & 1		# its buffer is empty

    def key(self, *keys, wait=True):
        """Keys pressed together and let go, by QEMU's names: key("ctrl", "c"). wait=False: they may end QEMU, don't ask it."""
        self.press(*((k, True) for k in keys), *((k, False) for k in keys[::-1]), wait=wait)

    def type(self, text):
        for c in text:
            if c in self.SHIFTED:
                self.key("shift", self.KEYS.get(self.SHIFTED[c], self.SHIFTED[c]))
            elif c.isupper():
                self.key("shift", c.lower())
            else:
                self.key(self.KEYS.get(c, c))


def strip_kernel_log(text):
    return re.sub(r"^\[ *\d+\.\d{6}\] .*\n", "", text.replace("\r", ""), flags=re.M)


def batch(name, script, files=None, timeout=120, append="", **kw):
    """Boots, runs one shell script by CUTAWAY_RUN, powers off; what it printed, without kernel lines."""
    files = dict(files or {})
    files["/tests/run.sh"] = "#!/bin/sh\necho '@@begin@@'\n" + script + "\necho '@@end@@'\n"
    with Machine(name, append=f"quiet CUTAWAY_RUN=/tests/run.sh {append}", files=files, **kw) as m:
        m.expect("@@begin@@\r\n", 60, "the script's start")
        m.expect(r"@@end@@\r\n", timeout, "the script's end")
        out = strip_kernel_log(m.before())
        m.expect("CUTAWAY_RUN: status 0", 30)
        m.wait_exit(60)
        return out


def console_output(command, timeout, cwd=None, env=None):
    """Runs a program on the host with a terminal of its own: (exit status, output)."""
    child = pexpect.spawn(str(command[0]), [str(c) for c in command[1:]], timeout=timeout * SLOW, cwd=cwd, env=env,
                          dimensions=(24, 80), encoding=None)
    child.expect(pexpect.EOF)
    child.close()
    status = child.exitstatus if child.exitstatus is not None else 128 + (child.signalstatus or 0)
    return status, child.before.decode(errors="replace").replace("\r", "")
