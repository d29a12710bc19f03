#!/usr/bin/python3
"""matrix.py: the same image on many PCs.  Each row is a machine that boots build/cutaway.iso to a prompt, runs a
command and powers off.

The table is AXES, of which every three values meet in a row, then EXTRAS: machines with something missing or odd,
and Bochs, a second implementation of a PC.  Rows run two at a time.

    matrix.py                    all rows; a table at the end; status 1 when one failed
    matrix.py --ci               every two values of AXES in a row, and the EXTRAS marked ci
    matrix.py --row WORD ...     rows whose name holds all the words        --times 5: each so often
    matrix.py --list             says which rows there are                  --write: the table into docs/hardware.md
    matrix.py --from             --write of the last run's results
"""
import argparse
import atexit
import functools
import itertools
import json
import os
import re
import select
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import tty
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("O", TOP / "build")).resolve()
ISO = Path(os.environ.get("ISO", BUILD / "cutaway.iso")).resolve()
OUT = BUILD / "matrix"
SLOW = float(os.environ.get("CUTAWAY_SLOW", "2"))
DOC = TOP / "docs/hardware.md"
MARKS = "<!-- matrix: made by tools/matrix.py --write -->", "<!-- matrix ends -->"

AXES = {
    "machine": ["pc", "q35"],
    "firmware": ["SeaBIOS", "OVMF"],
    "medium": ["cd", "usb", "disk"],
    "cpu": ["qemu64", "Nehalem", "Haswell", "EPYC", "max"],
    "memory": [32, 128, 4096, 16384],
    "smp": [1, 2, 4, 8],
    "console": ["serial", "screen"],
}
DEFAULT = dict(emulator="QEMU", machine="q35", firmware="SeaBIOS", medium="cd", cpu="max", memory=256, smp=1, console="serial",
               more="", what="", ci=False, end="off", expect="", nproc=None, log=(), limit=60)


def impossible(row):
    """What no firmware can do: OVMF itself needs more than 32 MiB."""
    return row["firmware"] == "OVMF" and row["memory"] < 128


def extra(what, **words):
    return {"what": what, **words}


EXTRAS = [
    extra("no device but the needed", more="-nodefaults", ci=True),
    extra("no device but the needed", more="-nodefaults", firmware="OVMF"),
    extra("no PS/2 controller", machine="q35,i8042=off", ci=True),
    extra("no ACPI", machine="pc,acpi=off", end="stays", smp=2, nproc=1, ci=True),
    extra("no local APIC", cpu="qemu64,-apic"),
    extra("no HPET, no SMM", machine="q35,hpet=off,smm=off"),
    extra("a PC without PCI", machine="isapc", cpu="qemu64", end="stays", ci=True),
    extra("as QEMU 2.0 had it", machine="pc-i440fx-2.0", cpu="Nehalem"),
    extra("two sockets, NUMA", smp=4, memory=512,
          more="-object memory-backend-ram,id=a,size=256M -object memory-backend-ram,id=b,size=256M -numa node,cpus=0-1,memdev=a -numa node,cpus=2-3,memdev=b"),
    extra("virtio disk", medium="virtio"),
    extra("NVMe disk", medium="nvme", firmware="OVMF"),
    extra("USB 2 stick", medium="usb2"),
    extra("57-bit addresses", firmware="OVMF", cpu="max,la57=on"),
    extra("Cirrus VGA: 24 bits a pixel", console="screen", more="-vga cirrus", ci=True),
    extra("VMware VGA", console="screen", more="-vga vmware"),
    extra("QXL", console="screen", more="-vga qxl"),
    extra("virtio VGA", console="screen", more="-vga virtio"),
    extra("framebuffer in RAM", console="screen", more="-vga none -device ramfb"),
    extra("text mode", console="screen", medium="kernel", ci=True),
    extra("no serial port, no PS/2, USB keyboard", machine="q35,i8042=off", firmware="OVMF", medium="usb", console="screen", smp=4,
          more="-device usb-kbd,bus=xhci.0", ci=True),
    extra("USB keyboard, USB 2 stick", machine="pc,i8042=off", medium="usb2", console="screen", more="-device qemu-xhci,id=xhci -device usb-kbd,bus=xhci.0"),
    *[extra("", medium="kernel", smp=smp) for smp in (2, 4, 8)],
]
for cpu, smp, ci in [("corei7_haswell_4770", 1, True), ("ryzen", 2, False), ("corei7_skylake_x", 4, False), ("athlon64_clawhammer", 1, False),
                     ("core2_penryn_t9600", 1, False), ("corei7_icelake_u", 1, False), ("tigerlake", 2, True)]:
    EXTRAS.append(extra("", emulator="Bochs", machine="i440fx", firmware="Bochs", cpu=cpu, smp=smp, ci=ci, limit=150 if smp == 1 else 400))
EXTRAS += [
    extra("", emulator="Bochs", machine="i440fx", firmware="Bochs", medium="disk", cpu="corei7_haswell_4770", memory=32, limit=150),
    extra("", emulator="Bochs", machine="i440fx", firmware="SeaBIOS", cpu="corei7_sandy_bridge_2600k", limit=150),
    extra("", emulator="Bochs", machine="i440fx", firmware="OVMF", cpu="corei7_haswell_4770", limit=300, ci=True),
    extra("no linear framebuffer", emulator="Bochs", machine="i440fx", firmware="Bochs", cpu="corei7_haswell_4770", limit=150, more="vga: extension=none"),
]


def covering(ways):
    """Rows in which every `ways` values of different axes that can meet do meet: each time the row with most that is new."""
    rows = [dict(zip(AXES, values)) for values in itertools.product(*AXES.values())]
    sets = [frozenset(itertools.combinations(row.items(), ways)) for row in rows if not impossible(row)]
    rows = [row for row in rows if not impossible(row)]
    missing, chosen = frozenset().union(*sets), []
    while missing:
        best = max(range(len(rows)), key=lambda i: len(sets[i] & missing))
        missing -= sets[best]
        chosen.append(rows[best])
    return chosen


def table(ci):
    rows = [{**DEFAULT, **row} for row in covering(2 if ci else 3)]
    rows += [{**DEFAULT, **row} for row in EXTRAS if not ci or row.get("ci")]
    for row in rows:
        words = [row["emulator"], row["machine"], row["firmware"], row["medium"], row["cpu"], f"{row['memory']}M", f"smp{row['smp']}",
                 row["console"], row["what"].replace(" ", "-").replace(",", "")]
        row["name"] = "-".join(w for w in words if w)
    return rows


class Failed(Exception):
    pass


class Pc:
    """A started machine: type(text), and seen(), all that it has said so far (or what stands on its screen)."""
    process = None

    def wait(self, pattern, seconds, what):
        end = time.time() + seconds * SLOW
        while time.time() < end:
            text = self.seen()
            found = re.search(pattern, text)
            if found:
                return found
            if "Kernel panic" in text:
                time.sleep(1)
                raise Failed(f"panic while waiting for {what}")
            if self.process.poll() is not None:
                found = re.search(pattern, self.seen())
                if found:
                    return found
                raise Failed(f"{self.process.args[0]} ended with {self.process.returncode} while waiting for {what}")
            time.sleep(0.1)
        raise Failed(f"waited {seconds * SLOW:.0f} s for {what}")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Serial:
    """COM1 as a pseudo terminal of the host."""
    def __init__(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path, self.text = os.ttyname(self.slave), ""

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.text += os.read(self.master, 65536).decode(errors="replace").replace("\r", "")
            except OSError:
                break
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text)


def media(row):
    disk = f"file={ISO},format=raw,snapshot=on"
    kernel = ["-kernel", str(BUILD / "cutaway.elf"), "-initrd", str(BUILD / "initramfs.cpio"), "-append", "console=ttyS0 console=tty0"]
    device = {"usb": "usb-storage,bus=xhci.0", "usb2": "usb-storage,bus=ehci.0", "virtio": "virtio-blk-pci", "nvme": "nvme,serial=1"}
    bus = {"usb": ["-device", "qemu-xhci,id=xhci"], "usb2": ["-device", "usb-ehci,id=ehci"]}
    medium = row["medium"]
    if medium in device:
        return bus.get(medium, []) + ["-drive", f"if=none,id=m,{disk}", "-device", f"{device[medium]},drive=m"]
    if medium == "cd" and "-nodefaults" in row["more"] and row["machine"] == "q35":
        return ["-drive", f"if=none,id=m,file={ISO},format=raw,readonly=on", "-device", "ide-cd,drive=m"]
    return {"cd": ["-cdrom", str(ISO)], "disk": ["-drive", disk], "kernel": kernel}[medium]


class Qemu(Pc):
    FIRMWARE = {"SeaBIOS": [], "OVMF": ["-drive", "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                                        "-drive", "if=pflash,format=raw,unit=1,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd"]}

    def __init__(self, row, directory):
        screen = row["console"] == "screen"
        args = ["qemu-system-x86_64", "-accel", "tcg", "-machine", row["machine"], "-cpu", row["cpu"], "-m", str(row["memory"]),
                "-smp", str(row["smp"]), "-no-reboot", "-display", "none", "-monitor", "none", "-nic", "none",
                "-qmp", f"unix:{directory}/qmp,server=on,wait=off"] + self.FIRMWARE[row["firmware"]] + media(row)
        if screen:
            self.io = Screen(directory)
            args += ["-serial", "none"]
        else:
            self.io = Serial()
            args += ["-chardev", f"serial,id=s,path={self.io.path}", "-serial", "chardev:s", "-vga", "none"]
        self.command = args + shlex.split(row["more"])
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=open(directory / "stderr", "w"), stderr=subprocess.STDOUT)

    def seen(self):
        return self.io.read()

    def type(self, text):
        if isinstance(self.io, Screen):
            self.io.type(text)
        else:
            os.write(self.io.master, text.encode())


class Screen:
    """What stands on QEMU's screen, cell by cell against our own font; keys by QMP."""
    from_row = {}

    def __init__(self, directory):
        sys.path.insert(0, str(TOP / "tests"))
        import cutaway
        self.machine = cutaway.Machine.__new__(cutaway.Machine)		# its QMP half alone
        self.machine.dir, self.machine._qmp, self.machine.name = directory, None, "matrix"
        self.machine.stderr = open(directory / "stderr", "w+b")
        self.machine.qemu = self
        self.text = ""
        if not Screen.from_row:
            source = (TOP / "drivers/fb/font.c").read_text()
            for i, glyph in enumerate(re.findall(r'"((?:\\x[0-9a-f]{2}){12})"', source)):
                rows = bytes(2) + bytes(int(h, 16) for h in glyph.split("\\x")[1:]) + bytes(2)
                Screen.from_row[rows] = chr(32 + i)
            assert len(Screen.from_row) == 95

    def poll(self):			# for Machine._connect, which asks QEMU whether it lives
        return None

    def read(self):
        try:
            width, height, rgb = self.machine.pixels()
            self.text = self.vga_text() if (width, height) == (720, 400) else self.cells(width, height, rgb)
        except (OSError, ValueError, AttributeError):
            pass			# QEMU has ended: its last picture counts
        return self.text

    def vga_text(self):
        path = self.machine.dir / "text"
        self.machine.qmp("pmemsave", val=0xb8000, size=4000, filename=str(path))
        line = path.read_bytes()[::2].decode("cp437")
        return "\n".join(line[i:i + 80].rstrip("\0 ") for i in range(0, 2000, 80))

    def cells(self, width, height, rgb):
        known, lines = {}, []
        for top in range(0, height - 15, 16):
            rows = [rgb[(top + y) * width * 3:(top + y + 1) * width * 3] for y in range(16)]
            line = ""
            for left in range(0, width // 8 * 24, 24):
                cell = b"".join(row[left:left + 24] for row in rows)
                if cell not in known:
                    known[cell] = self.character(cell)
                line += known[cell]
            lines.append(line.rstrip())
        return "\n".join(lines).rstrip()

    def character(self, cell):
        pixels = [cell[i:i + 3] for i in range(0, len(cell), 3)]
        back = max(set(pixels), key=pixels.count)
        for ground in {back, *pixels}:		# the cursor's cell is mostly foreground
            bits = bytes(sum((pixels[y * 8 + x] != ground) << (7 - x) for x in range(8)) for y in range(16))
            if bits in Screen.from_row:
                return Screen.from_row[bits]
        return "?"

    def type(self, text):
        self.machine.type(text)


@functools.cache
def start_x():
    """An X server for every Bochs of this run: the process and its display's name."""
    mine, theirs = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
                              pass_fds=[theirs], stderr=subprocess.DEVNULL)
    atexit.register(server.terminate)
    os.close(theirs)
    return ":" + os.read(mine, 10).decode().strip()


def x_server():
    with starting_x:
        return start_x()


class Bochs(Pc):
    """Debian's Bochs: its own processor, chips and BIOS.  The screen is drawn by an X server without a display, since
    the other display libraries stop at a linear framebuffer; nobody looks at it."""
    RC = """display_library: x
romimage: file={rom}
vgaromimage: file=/usr/share/vgabios/vgabios.stdvga.bin
megs: {memory}
cpu: model={cpu}, count={smp}, ips=50000000, reset_on_triple_fault=0
clock: sync=none, time0=local
sound: driver=dummy
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: {medium}
boot: {boot}
com1: enabled=1, mode=term, dev={serial}
log: {directory}/log
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
{more}
"""
    ROM = {"Bochs": "/usr/share/bochs/BIOS-bochs-latest", "SeaBIOS": "/usr/share/seabios/bios.bin", "OVMF": "/usr/share/ovmf/OVMF.fd"}

    def __init__(self, row, directory):
        self.io, self.log = Serial(), directory / "log"
        medium = f"type=cdrom, path={ISO}, status=inserted"
        if row["medium"] == "disk":
            (directory / "disk").write_bytes(ISO.read_bytes())
            medium = f"type=disk, mode=flat, path={directory}/disk"
        (directory / "rc").write_text(self.RC.format(
            rom=self.ROM[row["firmware"]], memory=row["memory"], cpu=row["cpu"], smp=row["smp"], medium=medium, serial=self.io.path,
            boot="disk" if row["medium"] == "disk" else "cdrom", directory=directory, more=row["more"]))
        (directory / "go").write_text("c\n")		# Debian's build begins at its debugger's prompt
        self.command = ["bochs", "-q", "-f", f"{directory}/rc", "-rc", f"{directory}/go"]
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=open(directory / "stderr", "w"), stderr=subprocess.STDOUT,
                                        cwd=directory, env={**os.environ, "DISPLAY": x_server(), "TERM": "xterm"})

    def seen(self):
        return self.io.read()

    def type(self, text):
        for c in text:				# its 16550 drops what comes faster than the guest reads: after the echo
            before, end = len(self.io.text), time.time() + 2
            os.write(self.io.master, c.encode())
            while len(self.io.text) == before and time.time() < end:
                time.sleep(0.01)
                self.io.read()


def boot(row, directory):
    """One machine from power-on to power-off; raises Failed."""
    pc = (Qemu if row["emulator"] == "QEMU" else Bochs)(row, directory)
    try:
        pc.wait(r"root@cutaway", row["limit"] * (3 if row["firmware"] == "OVMF" else 1), "the prompt")
        time.sleep(0.3)
        pc.type("free; echo \"[$(uname -m) $(nproc) $(date +%Y)]\"\n")
        found = pc.wait(r"Mem: +(\d+)[^[]*\n(?:.*\n)*?\[x86_64 (\d+) (\d+)\]", 60, "the command's output")
        memory, nproc, year = (int(g) for g in found.groups())
        low = row["memory"] * 1024 * 0.8 - (0 if row["firmware"] == "SeaBIOS" else 24 * 1024)
        if not low < memory <= row["memory"] * 1024:
            raise Failed(f"free says {memory} KiB of {row['memory']} MiB")
        want = row["nproc"] or row["smp"]
        if nproc != (want if SMP_RUNS else 1):
            raise Failed(f"nproc says {nproc}, not {want}")
        if year != time.localtime().tm_year:
            raise Failed(f"the year is {year}")
        pc.type("poweroff\n")
        if row["end"] == "stays":
            pc.wait(r"you may turn it off now", 60, "the last message")
            return
        end = time.time() + 60 * SLOW
        while pc.process.poll() is None and time.time() < end:
            pc.seen()
            time.sleep(0.05)
        if pc.process.poll() is None:
            raise Failed("still on after poweroff")
        if row["emulator"] == "QEMU" and pc.process.returncode:
            raise Failed(f"QEMU ended with {pc.process.returncode}")
        if row["emulator"] == "Bochs" and "soft power off" not in pc.log.read_text(errors="replace"):
            raise Failed("Bochs ended, but not by power off")
    finally:
        text = pc.seen()
        pc.close()
        log = OUT / (re.sub(r"[^\w.,=-]", "_", row["name"]) + ".log")
        errors = (directory / "stderr").read_text(errors="replace")
        log.write_text(f"{shlex.join(str(c) for c in pc.command)}\n{text}\n--- {pc.command[0]}'s own words\n{errors}")
        if row["emulator"] == "Bochs" and pc.log.exists():
            log.with_suffix(".bochs").write_bytes(pc.log.read_bytes())


# nproc is 1 until the other processors are started.
SMP_RUNS = "SIPI" in "".join(p.read_text() for p in (TOP / "kernel/x86").glob("*.c")) or "SMP_RUNS" in os.environ
big = threading.Lock()			# one machine of 16 GiB at a time
starting_x = threading.Lock()


def run(row):
    start = time.time()
    with tempfile.TemporaryDirectory(prefix="matrix-") as directory:
        lock = big if row["memory"] > 8192 else threading.Lock()
        with lock:
            start = time.time()
            try:
                boot(row, Path(directory))
                verdict = "ok"
            except Failed as failure:
                verdict = str(failure)
            except Exception as failure:		# QMP of a machine that went away, and such
                verdict = f"{type(failure).__name__}: {failure}"
    print(f"{time.time() - start:6.1f} s  {row['name']}  {verdict}", flush=True)
    return {**row, "time": round(time.time() - start, 1), "verdict": verdict}


MEDIA = {"cd": "CD", "usb": "USB stick (xHCI)", "usb2": "USB stick (EHCI)", "disk": "disk", "nvme": "NVMe disk", "virtio": "virtio disk",
         "kernel": "`-kernel`"}
AXIS_NAMES = {"machine": "chipset", "cpu": "processor", "smp": "processors"}


def word(axis, value):
    if axis == "memory":
        return f"{value // 1024} GiB" if value >= 1024 else f"{value} MiB"
    return MEDIA[value] if axis == "medium" else str(value)


def markdown(results):
    """The rows of AXES counted by value, then the EXTRAS one by one."""
    ordinary = [r for r in results if not r["what"] and r["emulator"] == "QEMU" and r["medium"] != "kernel"]
    lines = [f"QEMU, {len(ordinary)} machines in which every three of these meet; behind each, how many of its machines boot:", "", "| | |", "|---|---|"]
    for axis, values in AXES.items():
        counts = []
        for value in values:
            verdicts = [r["verdict"] == "ok" for r in ordinary if r[axis] == value]
            counts.append(f"{word(axis, value)} ({sum(verdicts)} of {len(verdicts)})")
        lines.append(f"| {AXIS_NAMES.get(axis, axis)} | {', '.join(counts)} |")
    lines += ["", "| | Machine | Firmware | Medium | Processor | CPUs | Memory | Console | Boots |", "|---|---|---|---|---|---|---|---|---|"]
    for r in [r for r in results if r not in ordinary]:
        lines.append(f"| {r['emulator']}{', ' if r['what'] else ''}{r['what']} | {r['machine']} | {r['firmware']} | {word('medium', r['medium'])} | {r['cpu']} | "
                     f"{r['smp']} | {word('memory', r['memory'])} | {r['console']} | {'yes' if r['verdict'] == 'ok' else r['verdict']} |")
    return "\n".join(lines)


def write(results):
    text = DOC.read_text()
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    DOC.write_text(f"{before}{MARKS[0]}\n{markdown(results)}\n{MARKS[1]}{after}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--ci", action="store_true")
    p.add_argument("--list", action="store_true")
    p.add_argument("--write", action="store_true")
    p.add_argument("--from", dest="old", action="store_true", help="the results of the last run, for --write")
    p.add_argument("--times", type=int, default=1)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--row", nargs="*", default=[])
    a = p.parse_args()
    rows = [r for r in table(a.ci) if all(w in r["name"] for w in a.row)] * a.times
    if a.old:
        return write(json.loads((OUT / "results.json").read_text()))
    if a.list:
        return print("\n".join(r["name"] for r in rows))
    OUT.mkdir(parents=True, exist_ok=True)
    start = time.time()
    with ThreadPoolExecutor(a.jobs) as pool:
        results = list(pool.map(run, sorted(rows, key=lambda r: -r["limit"])))
    failed = [r for r in results if r["verdict"] != "ok"]
    print(f"\n{'':>6}   row")
    for r in results:
        print(f"{r['time']:6.1f} s  {r['name']:<70} {r['verdict']}")
    print(f"\n{len(rows) - len(failed)} of {len(rows)} machines boot, in {time.time() - start:.0f} s"
          + "".join(f"\nagain: make matrix ROW={r['name']}" for r in failed) + (f"\nlogs: {OUT}" if failed else ""))
    (OUT / "results.json").write_text(json.dumps(results))
    if a.write:
        write(results)
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
