"""Many processors: how many start, by which words, and that each of them ticks."""
import re

import pytest
from cutaway import BUILD, Machine

REPORT = "nproc; grep -c ^processor /proc/cpuinfo; cat /proc/interrupts /proc/stat"
# Ticks are of 10 ms: a shell's start takes longer. The host may be late with a processor, but not for ever.
TICKS = "until awk '/^cpu[0-3]/ { n += $2 + $3 + $4 + $5 >= 10 } END { exit (n < 4) }' /proc/stat; do sleep 0.1; done; echo all tick"


def boot(name, smp, append="", command=REPORT, **kw):
    with Machine(name, smp=smp, append=f"CUTAWAY_RUN=/tests/run.sh {append}", files={"/tests/run.sh": f"#!/bin/sh\n{command}\n"}, **kw) as m:
        m.expect("CUTAWAY_RUN: status 0", 120)
        m.wait_exit(60)
        return m.log()


def processors(log):
    return [int(n) for n in re.search(r"^(\d+)\n(\d+)\n +CPU0", log, re.M).groups()]


@pytest.mark.parametrize("smp, append, n, chip", [
    (1, "", 1, "IO-APIC"), (2, "", 2, "IO-APIC"), (8, "", 8, "IO-APIC"), (16, "", 16, "IO-APIC"), (4, "maxcpus=2", 2, "IO-APIC"),
    (4, "maxcpus=0", 1, "IO-APIC"), (4, "nosmp", 1, "XT-PIC"), (4, "noapic", 4, "XT-PIC"), (4, "nolapic", 1, "XT-PIC")])
def test_words_decide(smp, append, n, chip):
    log = boot(f"smp{smp}{append}", smp, append)
    assert processors(log) == [n, n]
    assert re.search(rf"^ *0: .*{chip}.*timer", log, re.M), log
    columns = re.search(r"^( +CPU0.*)$", log, re.M).group(1).split()
    assert len(columns) == n


def test_every_processor_ticks():
    assert "\nall tick\n" in boot("smp-ticks", 4, "norandmaps", TICKS)


def test_questions_need_interrupts():
    """X1: who waits for another processor with interrupts off could wait for ever."""
    with Machine("panic_smp_irqs_off", smp=2, append="ktest=panic_smp_irqs_off panic=-1", kernel=BUILD / "ktest.elf", mem="64") as m:
        m.expect("Kernel panic - not syncing: kernel BUG at kernel/x86/smp.c.*irqs_disabled", 30)
