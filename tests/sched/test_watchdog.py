"""What is stuck for 10 s of the guest's time is reported once, with a backtrace of it."""
import pytest
from cutaway import BUILD, Machine, rank

RANK = rf"\(rank {rank('MISC')}\)"
STUCK = {
    "cpu1": (2, ["soft lockup - CPU#1 stuck for 10s!", r"CPU: 1 PID: .*interrupted in kernel mode", r"RIP: (spin_12_s|ktime_get)\+", "Call Trace:"]),
    "cpu0": (2, ["soft lockup - CPU#0 stuck for 10s!", r"CPU: 0 PID: .*interrupted in kernel mode", r"RIP: (spin_12_s|ktime_get)\+", "Call Trace:"]),
    "preempt": (1, [r"soft lockup - CPU#0 stuck for 10s! \[swapper/0:1\]", "Call Trace:", r"panic_stuck_preempt\+"]),
    "lock": (2, [rf"spinlock lockup on CPU#\d, swapper/0:1: stuck_lock {RANK} at ktest_panic_stuck_lock\+0x\w+, "
                 rf"held by CPU#\d: stuck_lock {RANK} at hold\+0x", "Call Trace:", "Call Trace:", r"hold\+0x",
                 rf"holds spinlock stuck_lock {RANK} at hold\+0x"]),
    "task": (1, [r"INFO: task sleeper:\d+ blocked for more than 10 seconds.", "Call Trace:", r"sleep_deep\+0x"]),
}


@pytest.mark.parametrize("what", STUCK)
def test_stuck(what):
    smp, lines = STUCK[what]
    with Machine(f"stuck_{what}", append=f"ktest=panic_stuck_{what}", kernel=BUILD / "ktest.elf", mem="64", smp=smp,
                 qemu=["-icount", "shift=7,sleep=off"]) as m:
        for line in lines:
            m.expect(line, 60)
        m.expect("ok 1 panic_stuck", 60)
        assert m.log().count("BUG:") + m.log().count("blocked for") == 1
