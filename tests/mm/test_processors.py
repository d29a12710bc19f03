"""Memory on several processors: no TLB keeps what was taken away (guest/shootdown.c), and under a storm of memory calls each
page holds what belongs in it and nothing stays behind (guest/storm.c)."""
import subprocess

import pytest
from cutaway import BUILD, Machine

SHOOTDOWN, STORM = BUILD / "tests/mm/guest/shootdown", BUILD / "tests/mm/guest/storm"


def run(name, smp, program, args="", limit=240):
    with Machine(name, smp=smp, append=f'CUTAWAY_RUN="/t {args}"', files={"/t": program}) as m:
        m.expect(r"CUTAWAY_RUN: status (\d+)", limit, "the end of the test program")
        assert m.serial.match.group(1) == b"0", m.log()
        return m.log()


def test_shootdown_on_linux():
    done = subprocess.run([SHOOTDOWN], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("smp", [1, 4])
def test_shootdown(smp):
    assert "not ok" not in run(f"shootdown{smp}", smp, SHOOTDOWN)


@pytest.mark.parametrize("smp", [1, 4])
def test_storm(smp):
    assert "nothing wrong, nothing left" in run(f"storm{smp}", smp, STORM, "4 5 1")
