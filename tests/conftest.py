"""Tests of Cutaway.  `make test` runs all, `make test T=mm/cow` those whose name holds this."""
import os
import signal
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent / "host")]

# Tests that call make are no part of the make that started them.
os.environ.pop("MAKEFLAGS", None)
os.environ.pop("MAKELEVEL", None)

# Programs that run on the host too look at what they inherit: a job in the background has SIGINT and SIGQUIT
# ignored, Python ignores SIGXFSZ, and `nice` may be on.
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGXFSZ):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
if os.geteuid() == 0:
    os.setpriority(os.PRIO_PROCESS, 0, 0)


LONG = "test_mutants.py", "test_hostile.py", "test_many.py", "test_tools.py", "test_abi.py", "test_usb.py"


def pytest_collection_modifyitems(items):
    """The longest files first, so that none is left alone at the end."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test prints the command that replays the machine it ran on."""
    report = (yield).get_result()
    machine = sys.modules["cutaway"].Machine.last if "cutaway" in sys.modules else None
    if report.failed and machine:
        report.sections.append(("replay", machine.replay_command()))
