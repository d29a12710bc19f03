"""Trace points and tracefs: each event with its contents, Linux's text and errno values, no leak (tests/trace/guest/trace.c)."""
import re
import pytest
from cutaway import BUILD, TOP, Machine, strip_kernel_log

NAMES = re.findall(r"^TEST\((\w+)\)", (TOP / "tests/trace/guest/trace.c").read_text(), re.M)
# How perfetto, catapult and trace-compass take a line of ftrace text apart.
LINE = re.compile(r"^ *(.{1,16})-(\d+) +\[(\d{3})\] [d.][N.][h.][0-9a-f.]\. +(\d+\.\d{6}): (\w+)[:( ]")
SWITCH = re.compile(r"sched_switch: prev_comm=(.*) prev_pid=(\d+) prev_prio=(\d+) prev_state=(\S+) ==> next_comm=(.*) next_pid=(\d+) next_prio=(\d+)$")


@pytest.fixture(scope="module")
def guest():
    script = ("#!/bin/sh\n/tests/trace\n"
              "cd /sys/kernel/tracing; echo '*:*' > set_event; echo > trace; ls -l /bin | head -3 | cat; sleep 0.1\n"
              "echo 0 > tracing_on; echo '@@trace'; cat trace; echo '@@end'\n")
    files = {"/tests/trace": BUILD / "tests/trace/guest/trace", "/tests/run.sh": script}
    with Machine("trace", append="quiet CUTAWAY_RUN=/tests/run.sh", files=files) as m:
        m.expect(r"@@trace\r\n", 300)
        tests = strip_kernel_log(m.before())
        m.expect(r"@@end\r\n", 120)
        return tests, m.before()


@pytest.mark.parametrize("name", NAMES)
def test_trace(name, guest):
    before = guest[0].split(f" {name}\n")[0].splitlines()
    assert re.search(rf"^ok \d+ {name}$", guest[0], re.M), "\n".join(before[-5:])


def test_text_opens_in_viewers(guest):
    lines = guest[1].splitlines()
    assert lines[0] == "# tracer: nop" and "TASK-PID" in lines[9]
    events = [LINE.match(line) for line in lines if not line.startswith("#")]
    assert len(events) > 200 and all(events), [x for x, e in zip([x for x in lines if x[0] != "#"], events) if not e][:3]
    times = [float(e[4]) for e in events]
    assert times == sorted(times)
    running = {}
    for line in lines:
        switch = SWITCH.search(line)
        if switch:               # who runs next is who is left next: the chain of a processor has no gap
            cpu = LINE.match(line)[3]
            assert running.get(cpu) in (None, switch[2]), line
            running[cpu] = switch[6]
