"""/proc/lock_stat counts acquisitions and contention of each lock, when asked to."""
import re
from cutaway import Machine


def rows(m):
    return {name: tuple(map(int, numbers)) for name, *numbers in
            re.findall(r"^ +(\S[^:\n]*): +(\d+) +(\d+) +(\d+)$", m.run("cat /proc/lock_stat"), re.M)}


def test_lock_stat():
    with Machine("lock_stat", smp=2) as m:
        m.login()
        assert rows(m) == {} and m.run("cat /proc/sys/kernel/lock_stat").strip() == "0"
        m.run("echo 1 >/proc/sys/kernel/lock_stat")
        m.run("(for j in 1 2; do for i in $(seq 20); do true | cat; done & done; wait)", 60)
        seen = rows(m)
        assert seen["rq"][1] > 100 and seen["pipe"][1] > 40 and seen["tasklist_lock"][1] > 100
        assert all(contended <= acquired for contended, acquired, _ in seen.values())
        assert [r[0] for r in seen.values()] == sorted((r[0] for r in seen.values()), reverse=True)
        m.run("echo 0 >/proc/sys/kernel/lock_stat; sleep 0.1")
        before = rows(m)
        m.run("true | true")
        assert rows(m) == before
        m.run("echo 2 >/proc/sys/kernel/lock_stat", status=1)
