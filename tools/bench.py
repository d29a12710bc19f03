#!/usr/bin/python3
"""bench.py: one program (user/bench.c), two kernels, the same QEMU: what does each way into the kernel cost?

Under -icount shift=0 the guest's clock counts instructions, so the numbers are the same on every run and on
every machine.  Linux is Debian's cloud kernel with its leanest settings.  Exits 1 when a limit is missed.

    bench.py [--fresh] [--no-wall] [ROW ...]     --fresh: measure Linux again (its numbers are kept in the cache)
"""
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD = Path(os.environ.get("O", "build"))
ELF = BUILD / "cutaway.elf"
BENCH = BUILD / "user/bench"
CACHE = Path(os.environ.get("CUTAWAY_CACHE") or Path.home() / ".cache/cutaway") / "linux"
QEMU = ("qemu-system-x86_64 -M pc -m 512 -smp 1 -nodefaults -display none -serial stdio -no-reboot "
        "-rtc base=2026-01-01T00:00:00,clock=vm -seed 1").split()
ICOUNT = ["-icount", "shift=0,sleep=off"]
WORDS = "console=ttyS0 quiet norandmaps panic=1"
LINUX_WORDS = (WORDS + " nokaslr mitigations=off randomize_kstack_offset=off init_on_alloc=0 lsm=none audit=0 noautogroup")

# row: (limit of ours/Linux in instructions, or None).  Rows in MB/s must reach the limit, the others stay below it.
LIMITS = {
    "null_syscall": 0.35, "null_int80": 0.35, "read_zero_1": 0.5, "write_null_1": 0.5, "open_close": 0.5, "stat": 0.5,
    "sigaction": 0.4, "signal": 0.6, "pipe_round_trip": 0.5, "yield_switch": 0.6, "fork_exit_wait": 0.35,
    "fork_64mib": 0.3, "vfork_exec_wait": 0.4, "fork_exec_wait": 0.35, "anon_fault": 0.5, "cow_fault": 0.5,
    "file_read_fault": 0.8, "file_write_fault": 0.5, "mmap_munmap": 0.35, "mmap_touch_munmap": 0.35, "brk_up_down": 0.35, "mprotect": 0.5,
    "create_unlink": 0.5, "readdir_name": 0.7, "pipe_bw": 1.2, "tmpfs_write_bw": 1.2, "tmpfs_read_bw": 1.2,
}
SCALE_LIMIT = 1.7		# two processors do so much more than one
SCALE_MS, SCALE_TRIES = 700, 5	# the best try counts
QUIET = 1.9, 2.1		# the host is, when two loops without a system call go so much faster than one
RING_SPREAD = 0.10		# rings of 2, 8, 16, 32: largest and smallest this close


def newc(path, mode, data=b"", rdev=(0, 0)):
    """One member of a newc cpio archive."""
    name = path.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1], len(name), 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def initramfs():
    return (newc("dev", 0o40755) + newc("dev/console", 0o20600, rdev=(5, 1)) + newc("tmp", 0o41777) +
            newc("init", 0o100755, BENCH.read_bytes()) + newc("TRAILER!!!", 0))


def linux_kernel():
    """Debian's cloud kernel, downloaded once."""
    if os.environ.get("LINUX"):
        return Path(os.environ["LINUX"])
    kernels = sorted(CACHE.glob("boot/vmlinuz-*-cloud-amd64"))
    if not kernels:
        CACHE.mkdir(parents=True, exist_ok=True)
        depends = ["apt-cache", "depends", "linux-image-cloud-amd64"]
        if not subprocess.run(depends, capture_output=True).stdout and os.geteuid() == 0:
            subprocess.run(["apt-get", "update", "-qq"], check=True)
        text = subprocess.run(depends, capture_output=True, text=True, check=True).stdout
        package = re.search(r"Depends: (linux-image-\S+-cloud-amd64)", text).group(1)
        print(f"bench: downloading {package}", flush=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            subprocess.run(["apt-get", "download", "-qq", package], cwd=work, check=True, stderr=subprocess.DEVNULL)
            subprocess.run(["dpkg", "-x", next(Path(work).glob("*.deb")), "x"], cwd=work, check=True)
            (CACHE / "boot").mkdir(exist_ok=True)
            kernel = next(Path(work).glob("x/boot/vmlinuz-*"))
            kernel.rename(CACHE / "boot" / kernel.name)
        kernels = sorted(CACHE.glob("boot/vmlinuz-*-cloud-amd64"))
    return kernels[-1]


def measure(kernel, words, icount, rows):
    """Boots kernel with the program as /init: {row: (value, unit)}."""
    with tempfile.NamedTemporaryFile(suffix=".cpio") as archive:
        archive.write(initramfs())
        archive.flush()
        clock = [] if icount else ["BENCH_CLOCK=mono"]
        words = " ".join([words] + clock + (["--"] + rows if rows else []))
        command = QEMU + (ICOUNT if icount else []) + ["-kernel", str(kernel), "-initrd", archive.name, "-append", words]
        try:
            out = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=900).stdout
        except subprocess.TimeoutExpired as late:
            out = late.stdout or b""
    text = out.decode(errors="replace").replace("\r", "")
    if "bench: end" not in text:
        sys.exit(f"bench: {kernel} did not reach the end:\n{text[-3000:]}")
    return {name: (float(value), unit) for name, value, unit in re.findall(r"^(\w+) ([\d.]+) (ns|MB/s)$", text, re.M)}


def measure_linux(kernel, icount, rows, fresh):
    """Linux's numbers do not change: they are kept beside the kernel, by program and words."""
    key = hashlib.sha256(BENCH.read_bytes() + repr((kernel.name, LINUX_WORDS, QEMU, icount, rows)).encode()).hexdigest()[:16]
    kept = CACHE / f"bench-{key}.txt"
    if fresh or not kept.exists():
        result = measure(kernel, LINUX_WORDS, icount, rows)
        CACHE.mkdir(parents=True, exist_ok=True)
        kept.write_text("".join(f"{name} {value} {unit}\n" for name, (value, unit) in result.items()))
    fields = [line.split() for line in kept.read_text().splitlines()]
    return {name: (float(value), unit) for name, value, unit in fields}


def table(title, ours, linux, judge):
    """Prints the table; returns the rows that miss their limit."""
    missed = []
    print(f"\n{title}\n{'row':18} {'Cutaway':>12} {'Linux':>12} unit  {'ratio':>6} {'limit':>6}")
    for name, (value, unit) in ours.items():
        theirs = linux.get(name, (0, unit))[0]
        ratio = value / theirs if theirs else 0
        limit = LIMITS.get(name) if judge else None
        miss = limit and not (ratio >= limit if unit == "MB/s" else ratio <= limit)
        if miss:
            missed.append(name)
        shown = f"{'>=' if unit == 'MB/s' else '<='}{limit:.2f}" if limit else ""
        print(f"{name:18} {value:12,.0f} {theirs:12,.0f} {unit:5} {ratio:6.2f} {shown:>6}{'  MISSED' if miss else ''}")
    rings = [value for name, (value, _) in ours.items() if name.startswith("ring_")]
    if judge and len(rings) > 1:
        spread = max(rings) / min(rings) - 1
        print(f"rings of 2 to 32: {spread:.1%} apart, limit {RING_SPREAD:.0%}")
        if spread > RING_SPREAD:
            missed.append("rings")
    return missed


def scale(cpus, workers):
    """user/scale on cpus processors, each a thread of the host: {n: {kind: best rounds a second}} for n in workers, in turn,
    since what else the host does comes and goes; and the most contended locks."""
    command = (f"echo 1 > /proc/sys/kernel/lock_stat; scale all {cpus} 300 > /dev/null; head -7 /proc/lock_stat; "
               "echo 0 > /proc/sys/kernel/lock_stat" + "".join(f"; scale all {n} {SCALE_MS}" for n in workers) * SCALE_TRIES)
    qemu = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-M", "q35", "-m", "512", "-smp", str(cpus), "-nodefaults",
            "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", str(ELF), "-initrd", str(BUILD / "initramfs.cpio"),
            "-append", f'{WORDS} CUTAWAY_RUN="{command}"']
    text = subprocess.run(qemu, capture_output=True, stdin=subprocess.DEVNULL, timeout=300).stdout.decode(errors="replace").replace("\r", "")
    rates = {n: {} for n in workers}
    for kind, n, rate in re.findall(r"^(\w+) (\d+): (\d+) a second$", text, re.M):
        rates[int(n)][kind] = max(float(rate), rates[int(n)].get(kind, 0))
    if "CUTAWAY_RUN: status 0" not in text or any(len(kinds) != 4 for kinds in rates.values()):
        sys.exit(f"bench: scale on {cpus} processors did not reach the end:\n{text[-3000:]}")
    return rates, re.search(r"^lock_stat.*\n((?:.*\n){6})", text, re.M).group(1)


def scaling():
    """Twice the processors, twice the work?  By wall clock; judged when the host really gives two: row user has no kernel in it.

    One worker too runs on a machine of two: with -smp 1 QEMU leaves the atomicity out of locked instructions."""
    first, second = (scale(2, (1, 2))[0] for _ in range(2))	# where the host puts the memory differs by boot
    rates = {n: {kind: max(first[n][kind], second[n][kind]) for kind in first[n]} for n in first}
    four, locks = scale(4, (4,))
    rates |= four | scale(8, (8,))[0]
    one, two = rates[1], rates[2]
    quiet = QUIET[0] <= two["user"] / one["user"] <= QUIET[1]
    print(f"\nScaling: rounds a second on N processors, by wall clock under multi-threaded TCG, {os.cpu_count()} of the host\n"
          f"{'kind':18}" + "".join(f"{f'N = {n}':>10}" for n in rates) + f"{'2 / 1':>8}  limit")
    missed = [kind for kind in one if quiet and two[kind] < SCALE_LIMIT * one[kind]]
    for kind in one:
        limit = f"{QUIET[0]} to {QUIET[1]}: the host is quiet" if kind == "user" else f">={SCALE_LIMIT}"
        print(f"{kind:18}" + "".join(f"{run[kind]:10,.0f}" for run in rates.values()) + f"{two[kind] / one[kind]:8.2f}  {limit}"
              + ("  MISSED" if kind in missed else "" if quiet else "  (the host is busy: not judged)"))
    print(f"locks on 4 processors:\n{locks}", end="")
    return missed


def main():
    options = {a for a in sys.argv[1:] if a.startswith("--")}
    rows = [a for a in sys.argv[1:] if not a.startswith("--")]
    linux = linux_kernel()
    ours = measure(ELF, WORDS, True, rows)
    missed = table("Guest instructions (icount; 1 ns is one instruction)", ours,
                   measure_linux(linux, True, rows, "--fresh" in options), True)
    if "--no-wall" not in options:
        table("Wall clock under plain TCG, for information", measure(ELF, WORDS, False, rows),
              measure_linux(linux, False, rows, "--fresh" in options), False)
    if not rows and "--no-wall" not in options:
        missed += scaling()
    print(f"\nbench: {len(ours)} rows, " + (f"{len(missed)} missed: {', '.join(missed)}" if missed else "all limits kept"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
