"""Hostile files: 2,000 mutated ELF programs are refused, killed or run; mutated archives are unpacked or refused."""
import random
import re

import pytest
from cutaway import BUILD, ON_LINUX, Machine, archive, batch


def test_elf_mutants():
    files = {"/tests/elfmutate": BUILD / "tests/process/guest/elfmutate", "/tests/victim": BUILD / "user/ring",
             "/tests/leak": BUILD / "tests/process/guest/leak"}
    out = batch("elf-mutants", "cp /bin/busybox /tmp/b; strip /tmp/b 2>/dev/null\n"
                "/tests/elfmutate /tests/leak 1 1000; /tests/elfmutate /tests/leak 2 1000; /tests/leak exec 100", files, timeout=600)
    counts = [[int(n) for n in c] for c in re.findall(r"(\d+) refused, (\d+) killed, (\d+) ran", out)]
    assert len(counts) == 2 and all(sum(c) == 1000 for c in counts), out
    assert all(min(c) > 20 for c in counts), out
    assert ON_LINUX or "nothing left" in out


@pytest.mark.skipif(ON_LINUX, reason="about our unpacker")
def test_cpio_mutants():
    """Booted, that is; tests/host/fuzz_cpio.c tries far more of them on the same parser. What is inside /init stays
    as it is: a program of nonsense may loop for ever, and rightly."""
    rng = random.Random(1)
    good = archive({"/init": BUILD / "user/init", "/d/e/f": b"x" * 5000, "/g": b"", "/dev": None})
    size = len(good) - (BUILD / "user/init").stat().st_size
    for nr in range(500):
        data = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            where = rng.choice([rng.randrange(116), len(data) - 1 - rng.randrange(min(size, 6500))])
            data[where] = rng.choice([0, 0xff, ord("0"), ord("F"), ord("7"), rng.randrange(256)])
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)):]
        with Machine("cpio-mutant", initrd=bytes(data), append="panic=1 quiet CUTAWAY_RUN=/none") as m:
            got = m.expect(["Kernel panic - not syncing: [^\r\n]*", "init: CUTAWAY_RUN: status 127"], 60, f"mutant {nr}")
            if got == 0:
                assert not re.search(r"BUG|page fault|general protection|double fault", m.log()), f"mutant {nr}:\n{m.tail()}"
