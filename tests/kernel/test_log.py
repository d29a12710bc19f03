"""The log on many processors: whole lines, each once, in order, on the console and in dmesg, with NMIs in between."""
import re
import threading

import pytest
from cutaway import ON_LINUX, PROMPT, Machine

WRITERS, LINES = 4, 150
SCRIPT = f"""#!/bin/sh
for w in {" ".join(str(w) for w in range(WRITERS))}; do
	(i=0; while [ $i -lt {LINES} ]; do echo "<6>writer $w line $i end" >/dev/kmsg; i=$((i + 1)); done) &
done
wait
echo "<6>all written" >/dev/kmsg
read go
"""


def check(text):
    lines = re.findall(r"^\[ *(\d+\.\d+)\] (.*)$", text, re.M)
    times = [float(t) for t, _ in lines]
    assert times == sorted(times)
    written = [line for _, line in lines if "writer" in line]
    for w in range(WRITERS):
        assert [line for line in written if f"writer {w}" in line] == [f"writer {w} line {i} end" for i in range(LINES)]


@pytest.mark.skipif(ON_LINUX, reason="Linux limits how fast programs may write to its log")
@pytest.mark.parametrize("smp", [1, 4])
def test_whole_lines_in_order(smp):
    with Machine(f"log-{smp}", smp=smp, files={"/usr/bin/flood": SCRIPT}) as m:
        m.login()
        m.run("dmesg -c >/dev/null")		# before the first NMI
        m.sendline("flood")
        nmis = threading.Thread(target=lambda: [m.qmp("inject-nmi") for _ in range(40)])
        nmis.start()
        m.expect(r"all written\r\n", 120)	# the last line of the log: the console has all before it
        check(m.before().split("flood\n", 1)[1])
        nmis.join()
        m.sendline()
        m.expect(PROMPT, 30)
        m.run("dmesg -n 1")			# a processor that takes its last NMI now says so in the log, and not amid what follows
        dmesg = m.run("dmesg", 60)
        check(dmesg)
        assert "NMI received for unknown reason on CPU 0" in dmesg
