"""make replay: from a panic back to the line that caused it; a command's run; what a failed test prints; clear refusals."""
import re
import shlex
import subprocess
from cutaway import BUILD, TOP, Machine


def replay(command="make replay", status=0, gdb=(), **words):
    """Runs it, gdb taking these commands; its output."""
    words["GDB"] = " ".join(["-batch", *(f"-ex {shlex.quote(line)}" for line in gdb)])
    done = subprocess.run([*shlex.split(command), *(f"{name}={value}".replace("$", "$$") for name, value in words.items())], cwd=TOP, timeout=1800,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    assert (done.returncode == 0) == (status == 0), done.stdout
    return done.stdout


def test_from_a_panic_to_its_cause():
    """A page's flags are overwritten; freeing it panics.  A watchpoint and reverse-continue lead to the write."""
    out = replay(IMAGE=f"{BUILD}/ktest.elf", APPEND="ktest=panic_wild_write", MEM=64, TIMEOUT=60, gdb=[
        "bt", "watch -l victim->flags", "reverse-continue", "echo [caught]\\n", "bt 2", "delete", "reverse-stepi", "x/i $pc",
        "break ktest_run", "reverse-continue", "echo [earlier]\\n", "bt 2"])
    at_end, caught, earlier = re.split(r"\[caught\]|\[earlier\]", out)
    assert "up to: panic" in at_end and re.search(r"panic \(.*\n.*__free_pages", at_end), out
    assert re.search(r"#0 .*wild_write \(.*panic_test.c:\d+\n#1 .*ktest_panic_wild_write", caught), out
    assert re.search(r"=> .*<wild_write.*\$0x7", caught), out
    assert re.search(r"#0 .*ktest_run", earlier), out


def test_a_command():
    """The run ends by itself; backwards to its last fork, and the helpers of tools/gdb know who is there."""
    out = replay(CMD="echo one; (exit 3); echo got $?", TIMEOUT=120, gdb=["break kernel_clone", "reverse-continue", "bt 1", "ct-ps"])
    assert "got 3" in out and "up to: guest-shutdown" in out, out
    assert re.search(r"Breakpoint 2, kernel_clone \(", out) and re.search(r"^ +1 +1 +0 [SR] .* init$", out, re.M), out


def test_what_a_failed_test_prints():
    """The command for a machine that was typed at shows the same console, up to the same place."""
    with Machine("replayed", append="COLOUR=blue", files={"/extra": "from the test\n"}, mem="128") as m:
        m.login()
        m.run("cat /extra; echo $((6 * 7))")
    command = m.replay_command()
    assert command.startswith("make replay ") and "MEM=128" in command and "COLOUR=blue" in command
    out = replay(command, gdb=["bt 1"])
    assert "from the test\r\n42" in out or "from the test\n42" in out, out
    assert re.search(r"^#0 ", out, re.M) and "up to: TIMEOUT" in out, out


def test_refusals():
    assert "SMP=2: QEMU records one processor only" in replay(SMP=2, status=1)
    assert "leave UEFI" in replay(UEFI=1, status=1)
    assert "one processor" in Machine.replay_command(type("M", (), {"replays": False, "name": "x"}))
