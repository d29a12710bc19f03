"""Everything at once (guest/stress.c): four processors with threads of their own, and one whose ticks the seed shifts, so that what fails can be run again.

make stress runs it long: SEEDS="1 2 3" SECONDS=600 OPS=1000000.
"""
import os

import pytest
from cutaway import BUILD, ON_LINUX, batch

SEEDS = [int(s) for s in os.environ.get("SEEDS", "1").split()]
SECONDS = int(os.environ.get("SECONDS") or 60)
OPS = int(os.environ.get("OPS") or 20_000)
FILES = {"/tests/stress": BUILD / "tests/smp/guest/stress"}


def stress(name, ops, seed, seconds, **kw):
    out = batch(f"stress-{name}-{seed}", f"/tests/stress 8 {ops} {seed} {seconds} || :", FILES, timeout=seconds * 3 + 120, **kw)
    print(out)
    assert f"stress {seed}: " in out and "nothing wrong, nothing left" in out, out


@pytest.mark.skipif(ON_LINUX, reason="Linux keeps caches of its own")
@pytest.mark.parametrize("seed", SEEDS)
def test_four_processors(seed):
    stress("smp4", OPS, seed, SECONDS, smp=4)


@pytest.mark.skipif(ON_LINUX, reason="Linux keeps caches of its own")
@pytest.mark.parametrize("seed", SEEDS)
def test_again_to_the_digit(seed):
    stress("icount", OPS // 10, seed, SECONDS, qemu=["-icount", "shift=3,sleep=off"])
