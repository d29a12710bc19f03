"""System calls with random arguments: the kernel lives, and what it has in use afterwards is what it had before.

RANDOM_CALLS=5000000 in the environment for the long run.
"""
import os

from cutaway import BUILD, batch

CALLS = int(os.environ.get("RANDOM_CALLS", 300_000))
USED = "awk '/^(task_struct|signal_cache|sighand_cache|mm_struct|vm_area_struct|sigqueue|filp|files_cache) / { print $1, $2 }' /proc/slabinfo"


def test_random_calls():
    out = batch("random", f"A=$({USED}); A=$({USED}); timeout -s KILL 900 /tests/random {CALLS} 7 </dev/null >/dev/null; echo status $?; "
                f"sleep 1; B=$({USED}); echo \"$A\"; echo --; echo \"$B\"",
                files={"/tests/random": BUILD / "tests/process/random/random"}, timeout=1000)
    assert "status 0\n" in out, out		# a call may have printed something before it
    before, _, after = out.partition("status 0\n")[2].partition("--\n")

    def counts(text):
        return {name: int(n) for name, n in (line.split() for line in text.splitlines() if line.strip())}
    a, b = counts(before), counts(after)
    grown = {name: (a[name], b[name]) for name in a if b[name] > a[name] + 2}
    assert a and not grown, f"in use before and after: {grown}"
