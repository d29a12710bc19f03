"""A shell session as a person has it: over serial, on the screen, from the image under BIOS and UEFI."""
import pytest
from cutaway import BUILD, ON_LINUX, Machine

# Not the arrows for the line's history: the editor takes an escape sequence apart that comes in pieces 50 ms from each other.
CTRL_P, CTRL_B, CTRL_C, CTRL_Z, CTRL_D, CTRL_U, CTRL_W, CTRL_BACKSLASH = "\x10", "\x02", "\x03", "\x1a", "\x04", "\x15", "\x17", "\x1c"
# No shell: its own handlers lose a signal that comes at once (`sh -c 'echo runs; exec sleep 1000'`: on Linux 2 of 7,229).
WAITS = """awk 'BEGIN { print "runs"; fflush(); getline }'"""
RUNS = "\r\nruns\r\n"		# what a command says when it has the terminal: before, keys are for the shell's line editor


@pytest.fixture(scope="module", params=["pvh", "bios", "uefi"])
def shell(request):
    if ON_LINUX and request.param != "pvh":
        pytest.skip("our image")
    how = {"pvh": {"append": "quiet"}, "bios": {"iso": BUILD / "cutaway.iso", "display": True},
           "uefi": {"iso": BUILD / "cutaway.iso", "uefi": True, "display": True}}[request.param]
    with Machine(f"shell-{request.param}", **how) as m:
        m.login(180)
        m.run("mkdir -p /tmp/s && cd /tmp/s")
        yield m


@pytest.fixture(autouse=True)
def fresh_line(shell):
    """Whatever the last test left: end it, and see a prompt."""
    yield
    shell.send(CTRL_C)
    shell.sendline("")
    shell.sendline("kill -9 %1 %2 2>/dev/null; echo fresh''line")
    shell.expect("freshline\r\n", 20)
    shell.expect("ct%%> ", 20)


def test_pipelines(shell):
    assert shell.run("seq 1 100 | grep 7 | wc -l") == "19\n"
    assert shell.run("ls / | sort | grep -x -e usr -e proc") == "proc\nusr\n"
    assert shell.run("echo a b c | tr a-z A-Z | tee f | cut -d' ' -f2; cat f") == "B\nA B C\n"
    assert shell.run("yes | head -n 2") == "y\ny\n"


def test_redirections(shell):
    assert shell.run("echo one > r; echo two >> r; cat < r") == "one\ntwo\n"
    assert shell.run("ls /nowhere 2> err; cat err") == "ls: /nowhere: No such file or directory\n"
    assert shell.run("{ echo out; echo err >&2; } > both 2>&1; sort both") == "err\nout\n"
    assert shell.run("exec 5> five; echo hi >&5; exec 5>&-; cat five") == "hi\n"


def test_here_documents(shell):
    shell.sendline("cat <<END; echo \"[st:$?]\"")
    shell.expect("> ")
    shell.sendline("sum $((40 + 2))")
    shell.expect("> ")
    shell.sendline("END")
    shell.expect("END\r\nsum 42\r\n\\[st:0\\]", 20)


def test_loops_and_functions(shell):
    assert shell.run("for i in 1 2 3; do echo -n $((i * i)),; done; echo") == "1,4,9,\n"
    assert shell.run("f() { echo \"$1-$2\"; return 5; }; f a b; echo $?") == "a-b\n5\n"
    assert shell.run("i=0; while [ $i -lt 5 ]; do i=$((i+1)); [ $i = 3 ] && continue; echo -n $i; done; echo") == "1245\n"
    assert shell.run("case abc in a*) echo yes;; *) echo no;; esac") == "yes\n"
    assert shell.run("echo $(echo inner $(echo most))") == "inner most\n"


def test_background_jobs(shell):
    shell.sendline("sleep 60 &")
    shell.expect("ct%%> ")
    assert "sleep 60" in shell.run("jobs")
    assert shell.run("kill %1; wait %1 2>/dev/null; jobs | grep -c Running", status=None) == "0\n"
    assert shell.run("(sleep 0.2; echo late) & wait; echo after").endswith("late\nafter\n")


def test_ctrl_c(shell):
    shell.sendline(f"{WAITS}; echo not''reached")
    shell.expect(RUNS, 20)
    shell.send(CTRL_C)
    shell.expect(r"\^C\r\n", 20)
    shell.expect("ct%%> ", 20)
    assert shell.run("echo alive $?") == "alive 130\n"
    # Not "while true; do :; done": there busybox leaps out of a lock of stdio, 1 time in 20, and waits for ever (on Linux, too).
    shell.sendline(f"until {WAITS}; do :; done")
    shell.expect(RUNS, 20)
    shell.send(CTRL_C)
    shell.expect("ct%%> ", 20)
    shell.sendline("{ echo runs; cat; } | cat | cat")
    shell.expect(RUNS, 20)
    shell.send(CTRL_C)
    shell.expect("ct%%> ", 20)


def test_ctrl_backslash(shell):
    shell.sendline(WAITS)
    shell.expect(RUNS, 20)
    shell.send(CTRL_BACKSLASH)
    shell.expect("ct%%> ", 20)
    assert shell.run("echo $?") != "0\n"


def test_ctrl_z_fg_bg(shell):
    """The job says when SIGCONT comes: fg has given it the terminal by then."""
    shell.sendline("sh -c 'trap \"echo goes on\" CONT; trap \"exit 130\" INT; echo runs; while :; do sleep 0.1; done'")
    shell.expect(RUNS, 20)
    shell.send(CTRL_Z)
    shell.expect("Stopped", 20)
    shell.expect("ct%%> ", 20)
    assert "Stopped" in shell.run("jobs")
    assert " T " in shell.run("grep State: /proc/$(jobs -p)/status").replace("\t", " ")
    shell.sendline("bg")
    shell.expect("goes on\r\n", 20)
    assert "Stopped" not in shell.run("jobs")
    shell.sendline("fg")
    shell.expect("goes on\r\n", 20)
    shell.send(CTRL_Z)
    shell.expect("Stopped", 20)
    shell.expect("ct%%> ", 20)
    shell.sendline("fg")
    shell.expect("goes on\r\n", 20)
    shell.send(CTRL_C)
    shell.expect("ct%%> ", 20)
    assert shell.run("jobs") == ""


def test_background_reader_stops(shell):
    shell.sendline("cat &")
    shell.expect("ct%%> ")
    assert "Stopped" in shell.run("until jobs > jobs; grep Stopped jobs; do sleep 0.1; done")


def test_line_discipline(shell):
    """In canonical mode: ^U kills the line, ^W a word, erase a character, ^D ends the input."""
    shell.sendline("sh -c 'echo runs; exec cat > typed'")
    shell.expect(RUNS, 20)
    shell.send("wrong line" + CTRL_U + "one two" + CTRL_W + "three x\x7f\r")
    shell.send("no newline" + CTRL_D + CTRL_D)
    shell.expect("ct%%> ", 20)
    assert shell.run("cat typed; echo") == "one three \nno newline\n"


def test_history_and_editing(shell):
    assert shell.run("echo first") == "first\n"
    shell.send(CTRL_P)
    shell.expect("echo first", 10)
    shell.send("\r")
    shell.expect("\r\nfirst\r\n", 10)
    shell.expect("ct%%> ", 20)
    shell.send("echo ab" + CTRL_B + "X\r")
    shell.expect("aXb\r\n", 10)
    shell.expect("ct%%> ", 20)
    shell.send("echo /tmp/s/unique_na")
    shell.run("")  # only ends the line
    shell.run("touch unique_name")
    shell.send("ls uniq\t")
    shell.expect("unique_name", 10)
    shell.send("\r")
    shell.expect("unique_name\r\n", 10)
    shell.expect("ct%%> ", 20)


def test_vi(shell):
    shell.run("printf 'alpha\\nbeta\\ngamma\\n' > v")
    shell.run("stty rows 24 cols 80")
    shell.sendline("vi v")
    shell.expect("alpha", 20)
    shell.expect("v 1/3", 20)
    for keys, shows in ("ddo", "I v "), ("inserted\x1b", "- v "), ("GA", "I v "), ("!\x1b", "- v "), ("1Gxu:wq\r", "ct%%> "):
        shell.send(keys)
        shell.expect(shows, 20)			# what comes within 50 ms of ESC is a key with it
    shell.sendline("stty cols 400")
    shell.expect("ct%%> ", 20)
    assert shell.run("cat v") == "beta\ninserted\ngamma!\n"


def test_more_and_less(shell):
    shell.run("seq 1 200 > n; stty rows 24 cols 80")
    shell.sendline("less n")
    shell.expect("23", 20)
    shell.send(" ")
    shell.expect("40", 20)
    shell.send("q")
    shell.expect("ct%%> ", 20)
    shell.sendline("stty cols 400")
    shell.expect("ct%%> ", 20)


def test_signals_and_traps(shell):
    assert shell.run("sh -c 'trap \"echo caught\" USR1; kill -USR1 $$; echo on'") == "caught\non\n"
    assert shell.run("sh -c 'kill -9 $$'; echo $?").endswith("137\n")
    assert shell.run("timeout 1 sleep 60; echo $?").endswith("143\n")


def test_exit_gives_a_new_login(shell):
    shell.run("kill -9 $(jobs -p) 2>/dev/null; until jobs > jobs; [ ! -s jobs ]; do sleep 0.1; done")
    shell.send(CTRL_D)
    shell.login(30)
    shell.run("cd /tmp/s")


def test_tools(shell):
    assert "init" in shell.run("ps")
    assert "busybox" in shell.run("ls -l /bin/sh")
    assert "load average" in shell.run("uptime")
    assert "Mem:" in shell.run("free")
    assert "tmpfs" in shell.run("df; mount")
    assert "PID" in shell.run("top -b -n 1 | head -20")
    assert "real" in shell.run("time sleep 0.1")
    shell.run("killall sleep", status=None)


def test_demos(shell):
    assert "text" in shell.run("segments")
    assert "exit status 7" in shell.run("family")
    assert "Not a bit was lost" in shell.run("pi 1", 90)
    assert "All refused" in shell.run("ring")
    out = shell.run("cow")
    assert "child writes 1000" in out
    assert "hello by int 0x80" in shell.run("twoways")
    assert "by weight" in shell.run("nice -s 1")
    assert shell.run("nice -n 3 cut -d' ' -f19 /proc/self/stat") == "3\n"
