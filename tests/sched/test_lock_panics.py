"""A broken locking rule is a panic that names the locks, and who holds what."""
import pytest
from cutaway import BUILD, Machine

AT = r"at \w+\+0x[0-9a-f]+"
HIGH = rf"while holding high_lock \(rank 42\) {AT}"
MUTEX = rf"while holding high_mutex \(rank 10\) {AT}"
WRONG = {
    "lock_order": rf"wrong order: low_lock \(rank 33\) {AT} {HIGH}",
    "lock_recursion": rf"recursion: high_lock \(rank 42\) {AT} {HIGH}",
    "lock_not_held": rf"unlock of what is not held: low_lock \(rank 33\) {AT} {HIGH}",
    "lock_sleep": rf"may sleep .*: low_mutex \(rank 7\) {AT} {HIGH}",
    "lock_with_irqs_off": rf"may sleep .* interrupts off: low_mutex \(rank 7\) {AT} while holding nothing",
    "lock_schedule": rf"may sleep .*: schedule\(\) {AT} {HIGH}",
    "lock_user_copy": rf"may sleep .*: user copy {AT} {HIGH}",
    "lock_nested": rf"wrong order: pair \(rank 42\) {AT} while holding high_pair \(rank 42\) {AT}",
    "lock_in_irq": rf"taken in an interrupt, elsewhere with interrupts on: high_lock \(rank 42\) at take_high\S+ {HIGH}",
    "lock_irqs_on": r"taken with interrupts on, elsewhere in an interrupt: high_lock \(rank 42\) at ktest_panic_lock_irqs_on\S+ "
                    r"while holding high_lock \(rank 42\) at take_high",
    "mutex_order": rf"wrong order: low_mutex \(rank 7\) {AT} {MUTEX}",
    "mutex_recursion": rf"wrong order: high_mutex \(rank 10\) {AT} {MUTEX}",
    "mutex_not_held": rf"unlock of what is not held: low_mutex \(rank 7\) {AT} {MUTEX}",
}


@pytest.mark.parametrize("name", WRONG)
def test_it_panics(name):
    with Machine(f"panic_{name}", append=f"ktest=panic_{name} panic=-1", kernel=BUILD / "ktest.elf", mem="64") as m:
        m.expect("Kernel panic - not syncing: lock order: .*" + WRONG[name], 20)
        m.expect("Call Trace:", 5)
        if "irq" not in name:
            m.expect("holds .*high_", 5)


def test_wrong_tables():
    """M10: a switch away from page tables that are not the task's."""
    with Machine("panic_wrong_tables", append="ktest=panic_wrong_tables panic=-1", kernel=BUILD / "ktest.elf", mem="64") as m:
        m.expect("Kernel panic - not syncing: .*mm_struct.c.*read_cr3", 20)
