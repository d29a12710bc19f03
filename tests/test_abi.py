"""The ABI programs (tests/ROOM/*.c): each passes on the host's Linux, and then, unchanged, in the guest.

One boot runs all that were selected; if the kernel dies in one, the next boot goes on behind it.
"""
import pytest
from cutaway import BUILD, SLOW, TOP, Failed, Machine, console_output, strip_kernel_log

ROOMS = ["mm", "sched", "fs", "ipc", "tty", "process"]
PROGRAMS = [f"{room}/{path.stem}" for room in ROOMS for path in sorted((TOP / "tests" / room).glob("*.c"))]
LIMIT = 240				# times SLOW, like all limits


def selected(request):
    return [item.callspec.params["program"] for item in request.session.items
            if item.function.__name__ == "test_abi" and hasattr(item, "callspec")]


def run_from(number, programs, results):
    """Boots and runs these programs; fills results; how many of them were reached."""
    files = {f"/tests/{p}": BUILD / "tests" / p for p in programs}
    script = "#!/bin/sh\n" + "".join(
        f"echo '@@begin {p}'\ntimeout -s KILL {LIMIT * SLOW:.0f} /tests/{p}\necho \"@@end {p} $?\"\n" for p in programs) + "echo '@@done'\n"
    files["/tests/run.sh"] = script
    with Machine(f"abi{number}", append="quiet CUTAWAY_RUN=/tests/run.sh", files=files, mem="512") as m:
        for nr, program in enumerate(programs):
            try:
                m.expect(f"@@begin {program}\r\n", 60)
                m.expect(rf"@@end {program} (\d+)\r\n", LIMIT + 30, f"the end of {program}")
            except Failed as why:
                results[program] = (1, m.before() if m.serial.before and isinstance(m.serial.before, bytes) else "", str(why))
                return nr + 1
            results[program] = (int(m.serial.match.group(1)), strip_kernel_log(m.before()), "")
        return len(programs)


@pytest.fixture(scope="session")
def guest(request):
    results, rest, boots = {}, selected(request), 0
    while rest and boots < 12:
        rest = rest[run_from(boots, rest, results):]
        boots += 1
    return results


@pytest.mark.parametrize("program", PROGRAMS)
def test_abi(program, guest):
    status, out = console_output([BUILD / "tests" / program], 200)
    bad = [line for line in out.splitlines() if not line.startswith("ok ")]
    assert status == 0, "on the host's Linux:\n" + "\n".join(bad)
    status, out, died = guest.get(program, (1, "", "not reached: the kernel died too often"))
    bad = [line for line in out.splitlines() if not line.startswith("ok ")]
    assert status == 0 and "# SKIP" not in out, f"in the guest: {died}\n" + "\n".join(bad)
