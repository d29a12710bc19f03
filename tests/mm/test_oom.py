"""Out of memory: the largest task is killed with a report, the others and the kernel live, the memory comes back."""
import re

from cutaway import ON_LINUX, Machine


def test_oom_kills_the_largest():
    with Machine("oom", mem="128" if ON_LINUX else "48", append="loglevel=6") as m:
        m.login()
        before = int(re.search(r"MemFree: *(\d+)", m.run("cat /proc/meminfo")).group(1))
        m.sendline("sleep 300 &")
        m.expect("ct%%> ")
        for _ in range(3):
            m.sendline("awk 'BEGIN { s = \"x\"; while (1) { s = s s; t[n++] = s } }' > /dev/null; echo \"[gone:$?]\"")
            m.expect(r"\[gone:(\d+)\]\r\n", 120, "the hog's end")
            assert int(m.serial.match.group(1)) in (1, 2, 137)
            m.expect("ct%%> ")
        assert "sleep 300" in m.run("jobs")
        assert m.run("echo alive") == "alive\n"
        after = int(re.search(r"MemFree: *(\d+)", m.run("cat /proc/meminfo")).group(1))
        assert before - after < 600
        assert re.search(r"(?i)out of memory|oom", m.run("dmesg"))


def test_tmpfs_full_is_an_error():
    with Machine("oom-tmpfs", mem="128" if ON_LINUX else "48") as m:
        m.login()
        out = m.run("dd if=/dev/zero of=/tmp/big bs=64k count=4000 2>&1; rm /tmp/big; echo $?", 120)
        assert "No space left" in out and out.endswith("0\n")
        assert m.run("echo again > /tmp/x; cat /tmp/x") == "again\n"
