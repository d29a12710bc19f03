"""Many processors: shares of CPU time over all of them, real-time delay on another one, the room's programs with 2, 4 and 8."""
import re
import pytest
from cutaway import BUILD, TOP, Machine

GUEST = BUILD / "tests/sched/guest"
ALL_TICK = "until awk '/LOC:/ { n = $3 * $4 * $5 } END { exit !n }' /proc/interrupts; do sleep 0.1; done"		# of CPU 1 to 3
PROGRAMS = [path.stem for path in sorted((TOP / "tests/sched").glob("*.c"))]


def run(name, script, limit, **kw):
    files = {f"/tests/{p}": BUILD / "tests/sched" / p for p in PROGRAMS} | {f"/tests/{p}": GUEST / p for p in ("hogs", "shares")}
    files["/tests/run.sh"] = f"#!/bin/sh\necho '@@begin'\n{script}\necho '@@done'\n"
    with Machine(name, append="quiet CUTAWAY_RUN=/tests/run.sh", files=files, **kw) as m:
        m.expect("@@begin\r\n", 60)
        m.expect("@@done", limit)
        return m.before().replace("\r", "")


# In time of the guest, which the scheduler divides. A virtual processor that a busy host takes away for long is time that
# the task on it is charged for: so there are three tries.
@pytest.mark.parametrize("nices, shares, within", [
    ("0 0 0 0", [500] * 4, 20),
    ("0 0 0", [667] * 3, 50),		# the one that is too many goes round (sched/balance.c)
    ("0 0 0 0 0", [400] * 5, 40),
    ("0 0 5", [877, 877, 247], 60),	# 1024, 1024, 335: the light one is with each of the others in turn
])
def test_shares_of_two_processors(nices, shares, within):
    tries = []
    for _ in range(3):
        out = run("many-" + nices.replace(" ", "-"), f"/tests/shares 10000 {nices}", 120, smp=2)
        tries.append([int(x) for x in re.search(r"shares ([\d ]+)", out).group(1).split()])
        if len(tries[-1]) == len(shares) and all(abs(a - b) <= within for a, b in zip(tries[-1], shares)):
            return
    pytest.fail(f"{nices}: {tries}, not {shares}")


@pytest.mark.parametrize("cpu", [0, 1])
def test_kernel_code_is_preempted_on_every_processor(cpu):
    """Four tasks in long system calls; a real-time one on the same processor waits for the tick, not for them."""
    out = run(f"latency{cpu}", f"/tests/hogs 4 2000 kernel {cpu} 10", 120, smp=2, qemu=["-icount", "shift=3,sleep=off"])
    assert int(re.search(r"worst (-?\d+) us", out).group(1)) < 2000, out


@pytest.mark.parametrize("smp", [2, 4, 8])
def test_programs(smp):
    script = "\n".join(f"echo '== {p}'; /tests/{p}" for p in PROGRAMS)
    out = run(f"programs{smp}", script, 400, smp=smp)
    assert "not ok" not in out and out.count("\n1..") >= len(PROGRAMS), out


def test_proc_shows_each_processor():
    out = run("proc-many", f"{ALL_TICK}\ncat /proc/stat /proc/interrupts /proc/sched_debug; grep -c ^processor /proc/cpuinfo; nproc; nproc --all\n"
              "taskset -p 1; taskset 0xb grep Cpus_allowed_list /proc/self/status; taskset 4 cut -d' ' -f39 /proc/self/stat", 60, smp=4)
    assert re.findall(r"^cpu(\d) ", out, re.M) == list("0123") and re.findall(r"^cpu#(\d)", out, re.M) == list("0123")
    ticks = re.search(r"^LOC:((?: +\d+){4}) +Local timer interrupts$", out, re.M).group(1).split()
    assert ticks[0] == "0" and all(int(n) > 0 for n in ticks[1:])
    assert "\n4\n4\n4\n" in out, out
    assert re.search(r"pid 1's current affinity mask: f\n.*Cpus_allowed_list:\t0-1,3\n2\n", out), out
