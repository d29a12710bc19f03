"""Some 700 file system calls, most of them wrong, answer as they did on Linux 6.18 (linux.txt; errnos.c says how)."""
from pathlib import Path

from cutaway import BUILD, batch


def test_errnos():
    want = (Path(__file__).parent / "linux.txt").read_text().splitlines()
    got = batch("errnos", "mkdir /w; /tests/errnos /w >/out; cat /out",
                files={"/tests/errnos": BUILD / "tests/fs/errnos/errnos"}).splitlines()
    wrong = [f"{g}   Linux: {w}" for g, w in zip(got, want) if g != w]
    assert not wrong and len(got) == len(want), "\n".join(wrong)
