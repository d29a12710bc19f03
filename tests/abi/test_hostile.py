"""Bad arguments: each pointer of each system call bad in ten ways, numbers absurd: the guest answers as the host's Linux.

And five million calls with arguments at random leave the kernel alive and nothing behind (fuzz.c).
"""
import os
import re
import shutil
import subprocess
import tempfile

import pytest
from cutaway import BUILD, ON_LINUX, SMP, batch

# Cases in which we differ, and why.
KNOWN = {
    r"sigaltstack\(131\) 0 readonly": "depends on what ancestors set",
    r"sched_getaffinity\(204\) 1 int-min": "Linux multiplies the length by 8 in 32 bits",
    r"setgroups\(116\) 0 huge": "our limit of groups is lower",
    r"mmap\(9\) 1 (int-max|odd)": "depends on how much memory there is",
    r"mmap\(9\) 3 (-1|int-max|odd)": "sizes of huge pages, which we have not",
}


def lines(text):
    known = re.compile("|".join(KNOWN))
    return [line for line in text.splitlines() if not known.match(line)]


def test_hostile():
    program = BUILD / "tests/abi/guest/hostile"
    work = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    try:
        host = subprocess.run([program], cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=900)
    finally:
        shutil.rmtree(work)
    guest = batch("hostile", "cd /tmp; /tests/hostile < /dev/null > out; cat out", {"/tests/hostile": program}, timeout=300)
    want, got = lines(host.stdout), lines(guest)
    assert len(want) > 2400
    wrong = [f"{g}     Linux: {w}" for g, w in zip(got, want) if g != w]
    assert not wrong and len(got) == len(want), "\n".join(wrong[:40])


@pytest.mark.skipif(ON_LINUX, reason="Linux keeps caches of its own")
@pytest.mark.parametrize("seed", [1])
def test_fuzz(seed):
    total = 5_000_000 if SMP == 1 else 1_000_000
    out = batch(f"fuzz-{seed}", f"/tests/fuzz {seed} {total}", {"/tests/fuzz": BUILD / "tests/abi/guest/fuzz"}, timeout=400, mem="512")
    calls = re.search(r"fuzz: (\d+) calls", out)
    assert calls and int(calls.group(1)) >= total, out
    assert "nothing left" in out, out
