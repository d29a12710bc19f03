"""Each allocation of fork, exec, mmap, pipe, poll ... failed in turn: an error, and nothing leaked (fail_nth.c)."""
import re

from cutaway import BUILD, batch


def test_fail_nth():
    out = batch("fail-nth", "/tests/fail_nth", files={"/tests/fail_nth": BUILD / "tests/mm/fail_nth"}, append="fail_nth")
    assert "not ok" not in out, out
    counts = [int(n) for n in re.findall(r"# (\d+) allocations", out)]
    assert len(counts) == 10 and min(counts) >= 1 and counts[1] > 20, out
