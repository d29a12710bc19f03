"""100,000 fork+exit+wait and 10,000 fork+exec+wait leave everything as it was: pages, tasks, files, dentries, slab objects."""
import pytest
from cutaway import BUILD, ON_LINUX, SMP, batch

KINDS = [("fork", 100_000), ("exec", 10_000), ("killed", 2_000), ("files", 5_000), ("signals", 5_000)]


@pytest.mark.skipif(ON_LINUX, reason="Linux keeps caches of its own")
@pytest.mark.parametrize("kind,times", KINDS, ids=[k for k, _ in KINDS])
def test_leak(kind, times):
    times //= 1 if SMP == 1 else 5		# twice as slow there, and run at 1 in full
    out = batch(f"leak-{kind}", f"/tests/leak {kind} {times}", {"/tests/leak": BUILD / "tests/process/guest/leak"}, timeout=900)
    assert f"leak {kind} {times}: nothing left" in out, out
