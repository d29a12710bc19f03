"""Some 900 calls about processes and signals, most of them wrong, answer as on Linux 6.18 (linux.txt; errnos.c says how)."""
from pathlib import Path

from cutaway import BUILD, batch


def test_process_errnos():
    want = (Path(__file__).parent / "linux.txt").read_text().splitlines()
    got = batch("process-errnos", "/tests/errnos >/out; cat /out",
                files={"/tests/errnos": BUILD / "tests/process/errnos/errnos"}).splitlines()
    wrong = [f"{g}   Linux: {w}" for g, w in zip(got, want) if g != w]
    assert not wrong and len(got) == len(want), "\n".join(wrong)
