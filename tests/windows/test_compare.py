"""make compare: a program that does the same shows no difference; one that does not, the first; refusals are clear."""
import re
import subprocess
import pytest
from cutaway import BUILD, TOP

PROGRAM = r"""
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct utsname u;
	int there = !uname(&u) && strstr(u.release, "cutaway");

	printf("%d %s\n", argc, argv[argc - 1]);
	close(open("/etc/a\nb", O_RDONLY));
	if (argc < 3)
		return 4;
	access(there ? "/only/here" : "/only/on/linux", R_OK);
	return there ? 5 : 6;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("compare") / "program"
    subprocess.run(["musl-gcc", "-static", "-x", "c", "-o", path, "-"], input=PROGRAM.encode(), check=True)
    return path


def compare(program, args="", status=0):
    done = subprocess.run(["make", "compare", f"PROG={program}", f"ARGS={args}"], cwd=TOP, timeout=1200, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    assert (done.returncode == 0) == (status == 0), done.stdout
    return done.stdout


def test_the_same(program):
    out = compare(program, "'two  words'")
    assert "no difference" in out and "*" not in out, out
    assert re.search(r"^open\(b?'/etc/a\\nb', 0x8000\) = -ENOENT +open\(b?'/etc/a\\nb', 0x8000\) = -ENOENT$", out, re.M), out
    assert re.search(r"^2 two  words +2 two  words$", out, re.M) and re.search(r"^4 +4$", out, re.M), out


def test_the_first_difference_is_marked(program):
    out = compare(program, "1 2", status=1)
    assert re.search(r"^access\('/only/on/linux', 4\) = -ENOENT +\*\| access\('/only/here', 4\) = -ENOENT$", out, re.M), out
    assert out.count("*|") == 1 and re.search(r"^6 +\| 5$", out, re.M), out


def test_many_processes():
    """21 children, each killed by a signal: pointers and process numbers make no difference."""
    out = compare(BUILD / "user/ring")
    assert "system calls of pid1.20" in out and "no difference" in out, out


def test_refusals(tmp_path):
    assert "is not static" in compare("/bin/ls", status=1)
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "script").chmod(0o755)
    assert "not an ELF program" in compare(tmp_path / "script", status=1)
    assert "is no program" in compare(tmp_path / "nothing", status=1)
