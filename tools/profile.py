#!/usr/bin/python3
"""profile.py: where the kernel's instructions go while a program of the guest runs.

    tools/profile.py 'echo @@go; /t/loop 8' [--per sys_write] [--ms 1500] [/t/loop=build/user/loop ...]

Boots the kernel with one instruction a translation block, runs the shell script, waits for its line @@go, lets QEMU log
every instruction for a while, and counts them by function.  --per FUNCTION gives the counts for each call of it.
"""
import argparse
import bisect
import collections
import re
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests"))
from cutaway import BUILD, KERNEL, Machine                        # noqa: E402


def symbols():
    lines = subprocess.run(["nm", "-n", KERNEL], capture_output=True, text=True, check=True).stdout.split("\n")
    return [(int(addr, 16), name) for addr, kind, name in (x.split() for x in lines if x) if kind in "tT"]


def trace(script, files, ms, log):
    files = dict(files, **{"/tests/run.sh": f"#!/bin/sh\n{script}\n"})
    with Machine("profile", append="CUTAWAY_RUN=/tests/run.sh", files=files, icount=True, qemu=["-singlestep"]) as m:
        m.expect("@@go", 120)
        time.sleep(0.5)

        def monitor(line):
            m.qmp("human-monitor-command", **{"command-line": line})

        for line in ("stop", f"logfile {log}", "log exec,nochain", "cont"):
            monitor(line)
        time.sleep(ms / 1000)
        monitor("stop")
        monitor("log none")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("script")
    parser.add_argument("files", nargs="*", help="path in the guest=path here")
    parser.add_argument("--per", default=None)
    parser.add_argument("--ms", type=int, default=1500)
    args = parser.parse_args()
    log = BUILD / "profile.log"
    log.unlink(missing_ok=True)
    trace(args.script, {g: Path(h) for g, h in (f.split("=") for f in args.files)}, args.ms, log)
    table = symbols()
    starts = [addr for addr, _ in table]
    first = set(starts)
    count, calls = collections.Counter(), collections.Counter()
    with open(log, errors="replace") as lines:
        for found in (re.search(r"\[[0-9a-f]+/([0-9a-f]+)/", line) for line in lines):
            if found:
                pc = int(found.group(1), 16)
                name = table[bisect.bisect(starts, pc) - 1][1] if pc >> 47 else "(user)"
                count[name] += 1
                calls[name] += pc in first
    log.unlink()
    unit = calls[args.per] or 1
    print(f"{sum(count.values())} instructions, {unit} {args.per or 'run'}: {sum(count.values()) / unit:.1f} each")
    for name, n in count.most_common(50):
        print(f"{name:32} {n / unit:10.1f}  calls {calls[name] / unit:.2f}")


if __name__ == "__main__":
    main()
