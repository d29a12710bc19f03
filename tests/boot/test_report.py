"""cutaway-report tells what the machine is, on one screen of 80x25."""
import re
import time

import pytest
from cutaway import BUILD, ON_LINUX, Machine

pytestmark = pytest.mark.skipif(ON_LINUX, reason="reads our log")
FIELDS = ["Cutaway", "boot", "CPU", "memory", "ACPI", "irqs", "clocks", "console", "PCI", "problems", "send"]


@pytest.mark.parametrize("words, expected", [
    (dict(machine="pc", iso=BUILD / "cutaway.iso", smp=2), [r"boot +GRUB 2\.\S+; ", r"APIC ids: 0 1 with .*\bnx\b", r"ACPI +FACP APIC", r"framebuffer 1024x768x32",
                                                            r"PCI +00:00.0 8086:1237/0600", r"no warning"]),
    (dict(iso=BUILD / "cutaway.iso", uefi=True), [r"boot +GRUB \S+ from UEFI;", r"PCI +00:00.0 8086:29c0/0600"]),
    (dict(cpu="qemu64", append="noapic loglevel=4"), [r"boot +PVH; console=ttyS0 noapic", r"irqs +8259; 0 timer", r"text mode", "without .*smep"]),
    (dict(machine="pc,acpi=off"), [r"ACPI +\[no RSDP found\]"]),
])
def test_report(words, expected):
    with Machine("report", display=True, **words) as m:
        m.login(180)
        out = m.run("cutaway-report </dev/null")
        lines = out.splitlines()
        assert [line.split()[0] for line in lines if not line.startswith(" ")] == FIELDS, out
        assert len(lines) <= 24 and max(map(len, lines)) <= 79, out
        for pattern in expected:
            assert re.search(pattern, " ".join(out.split())), f"{pattern} in {out}"
        assert "Cutaway  6.1.0-cutaway" in m.run("mount -t tmpfs none /proc && cutaway-report </dev/null"), "nothing in /proc"


def test_pages_and_problems():
    """On a screen that is too small it waits after each page; warnings of the log are shown."""
    with Machine("report-pages") as m:
        m.login()
        m.run("for i in 1 2 3 4 5 6 7; do echo \"<4>trouble $i\" >/dev/kmsg; done; stty rows 8")
        m.sendline("cutaway-report")
        m.expect("then Enter", 20)
        assert m.before().count("\n") == 8, m.before()
        for _ in range(4):
            time.sleep(0.2)
            m.sendline()
        m.expect("problems .*trouble 1; .*trouble 2;", 20)
        m.expect("and 2 more", 20)
        m.expect("send ", 20)
