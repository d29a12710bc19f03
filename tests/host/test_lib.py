"""lib/ does what libc and simple models do, under ASan and UBSan (the program is test_lib.c)."""
import os
import subprocess
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("O", TREE / "build")).resolve() / "tests/host"
LIBC = "memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp strchr strrchr strstr strtoull strtoll " \
       "vsnprintf snprintf".split()
FLAGS = ["-std=gnu11", "-O1", "-g", "-fno-builtin", "-fno-strict-aliasing", "-fsanitize=address,undefined",
         "-fno-sanitize-recover=undefined", "-w", "-iquote", ".", "-iquote", "include"]


def run(*cmd):
    done = subprocess.run([str(c) for c in cmd], cwd=TREE, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, f"{cmd}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def program():
    BUILD.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in sorted((TREE / "lib").glob("*.c")):
        objects.append(BUILD / (source.stem + ".o"))
        run("gcc", *FLAGS, *(f"-D{name}=k_{name}" for name in LIBC), "-c", source, "-o", objects[-1])
    run("gcc", *FLAGS, "tests/host/test_lib.c", *objects, "-o", BUILD / "test_lib")
    return BUILD / "test_lib"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lib(program, seed):
    assert " 0 failures" in run(program, seed)
