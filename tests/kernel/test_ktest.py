"""The tests inside the kernel (tests/kernel/*.c), all in one boot, in time of the guest."""
import re
import pytest
from cutaway import BUILD, TOP, Failed, Machine

NAMES = [name for path in sorted((TOP / "tests/kernel").glob("*.c")) for name in re.findall(r"^KTEST\((\w+)\)", path.read_text(), re.M)
         if not name.startswith("panic")]


@pytest.fixture(scope="module", params=[1, 4], ids=["smp1", "smp4"])
def lines(request):
    with Machine(f"ktest{request.param}", smp=request.param, append="ktest", kernel=BUILD / "ktest.elf", mem="128", qemu=["-icount", "shift=3,sleep=off"]) as m:
        try:
            m.expect(r"# ktest: \d+ run, \d+ failed", 120)
        except Failed:
            pass                     # the tests that did not come say so
        return m.log_path.read_text(errors="replace").splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_ktest(name, lines):
    for i, line in enumerate(lines):
        if re.search(rf"\bok \d+ {name}$", line.rstrip()):
            before = [x for x in lines[max(i - 5, 0):i] if "# expected" in x]
            assert "not ok" not in line, "\n".join(before)
            return
    pytest.fail("did not run to its end:\n" + "\n".join(lines[-20:]))
