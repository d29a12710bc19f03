"""A broken locking rule is a panic that names the locks, and who holds what."""
import pytest
from cutaway import BUILD, Machine, rank

HIGH_LOCK, LOW_LOCK = rf"high_lock \(rank {rank('MISC')}\)", rf"low_lock \(rank {rank('TASKLIST')}\)"
HIGH_MUTEX, LOW_MUTEX = rf"high_mutex \(rank {rank('MISC_MUTEX')}\)", rf"low_mutex \(rank {rank('PIPE')}\)"
AT = r"at \w+\+0x[0-9a-f]+"
HIGH = rf"while holding {HIGH_LOCK} {AT}"
MUTEX = rf"while holding {HIGH_MUTEX} {AT}"
WRONG = {
    "lock_order": rf"wrong order: {LOW_LOCK} {AT} {HIGH}",
    "lock_recursion": rf"recursion: {HIGH_LOCK} {AT} {HIGH}",
    "lock_not_held": rf"unlock of what is not held: {LOW_LOCK} {AT} {HIGH}",
    "lock_sleep": rf"may sleep .*: {LOW_MUTEX} {AT} {HIGH}",
    "lock_with_irqs_off": rf"may sleep .* interrupts off: {LOW_MUTEX} {AT} while holding nothing",
    "lock_schedule": rf"may sleep .*: schedule\(\) {AT} {HIGH}",
    "lock_user_copy": rf"may sleep .*: user copy {AT} {HIGH}",
    "lock_in_irq": rf"taken in an interrupt, elsewhere with interrupts on: {HIGH_LOCK} at take_high\S+ {HIGH}",
    "lock_irqs_on": rf"taken with interrupts on, elsewhere in an interrupt: {HIGH_LOCK} at ktest_panic_lock_irqs_on\S+ "
                    rf"while holding {HIGH_LOCK} at take_high",
    "mutex_order": rf"wrong order: {LOW_MUTEX} {AT} {MUTEX}",
    "mutex_recursion": rf"wrong order: {HIGH_MUTEX} {AT} {MUTEX}",
    "mutex_not_held": rf"unlock of what is not held: {LOW_MUTEX} {AT} {MUTEX}",
}


@pytest.mark.parametrize("name", WRONG)
def test_it_panics(name):
    with Machine(f"panic_{name}", append=f"ktest=panic_{name} panic=-1", kernel=BUILD / "ktest.elf", mem="64") as m:
        m.expect("Kernel panic - not syncing: lock order: .*" + WRONG[name], 60)
        m.expect("Call Trace:", 30)
        if "irq" not in name:
            m.expect("holds .*high_", 30)


def test_wrong_tables():
    """M10: a switch away from page tables that are not the task's."""
    with Machine("panic_wrong_tables", append="ktest=panic_wrong_tables panic=-1", kernel=BUILD / "ktest.elf", mem="64") as m:
        m.expect("Kernel panic - not syncing: .*mm_struct.c.*read_cr3", 60)
