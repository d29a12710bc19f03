"""A real-time task waits for the tick, not for another task's long system call on its processor: at most 2 ms, however much the call does."""
import re

import pytest
from cutaway import BUILD, batch

CALLS = {"file": 256, "munmap": 512, "exit": 512, "fork": 512, "exec": 64, "readdir": 1, "proc": 256, "tasks": 1, "truncate": 256, "mremap": 256}


@pytest.mark.parametrize("smp", [1, 2])
def test_long_calls_delay_nobody(smp):
    script = "\n".join(f"/tests/latency 1 {call} {mib}; rm -rf /tmp/*" for call, mib in CALLS.items())
    out = batch(f"latency-smp{smp}", script, {"/tests/latency": BUILD / "tests/sched/guest/latency"}, timeout=300, mem="1024", smp=smp,
                qemu=["-icount", "shift=3,sleep=off"])	# 8 ns an instruction: slower than any PC
    worst = {call: int(us) for call, us in re.findall(r"^latency (\w+): .* worst (\d+) us$", out, re.M)}
    assert worst.keys() == CALLS.keys(), out
    assert all(us < 2000 for us in worst.values()), worst
