"""How the CPU is divided: weights, many hogs, and how soon a sleeper runs; in time of the guest, which nothing disturbs."""
import re
import pytest
from cutaway import BUILD, Machine

HOGS = BUILD / "tests/sched/guest/hogs"


def run(name, script, limit=120, append="", **files):
    files = {"/tests/hogs": HOGS, "/tests/run.sh": f"#!/bin/sh\n{script}\necho '@@done'\n"}
    with Machine(name, append=f"quiet CUTAWAY_RUN=/tests/run.sh {append}", files=files, qemu=["-icount", "shift=3,sleep=off"]) as m:
        m.expect("@@done", limit)
        return m.before()


@pytest.mark.parametrize("nice, share", [(5, 75.3), (1, 55.5), (19, 98.6)])
def test_weights_decide(nice, share):
    out = run(f"share{nice}", f"/bin/nice -s 10 0 {nice}")
    got = [float(x) for x in re.findall(r"s +([\d.]+) %  ", out)]
    assert len(got) == 2, out
    assert abs(got[0] - share) < 1 and abs(sum(got) - 100) < 0.1, out


def hogs(n, ms, kind):
    out = run(f"hogs{n}{kind}", f"/tests/hogs {n} {ms} {kind}")
    found = re.search(r"least (\d+) most (\d+) us; sleeper mean (-?\d+) worst (-?\d+) us", out)
    assert found, out
    return [int(x) for x in found.groups()]


def test_100_hogs_all_run():
    least, most, mean, worst = hogs(100, 4000, "user")
    assert least > 30000 and most - least < 20000    # of 40 ms each; the first ones ran while we still forked
    assert worst < 106000            # S7


@pytest.mark.parametrize("kind", ["user", "kernel"])
def test_a_sleeper_comes_first(kind):
    """Kernel code is preempted like a program's: both kinds of hogs hold a sleeper up by a tick or two."""
    least, most, mean, worst = hogs(4, 2000, kind)
    assert mean < 1500 and worst < 4000
    assert least > 0.95 * most
