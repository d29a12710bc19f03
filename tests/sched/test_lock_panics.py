"""A broken locking rule is a panic that names the locks, and who holds what."""
import pytest
from cutaway import BUILD, Machine

WRONG = {
    "lock_order": "wrong order: low_lock .* while holding high_lock",
    "lock_recursion": "recursion: high_lock .* while holding high_lock",
    "lock_not_held": "unlock of what is not held: low_lock .* while holding high_lock",
    "lock_sleep": "may sleep .*: low_mutex .* while holding high_lock",
    "lock_schedule": r"schedule\(\) with preemption off",
    "mutex_order": "wrong order: low_mutex .* while holding high_mutex",
    "mutex_recursion": "wrong order: high_mutex .* while holding high_mutex",
    "mutex_not_held": "unlock of what is not held: low_mutex .* while holding high_mutex",
}

@pytest.mark.parametrize("name", WRONG)
def test_it_panics(name):
    with Machine(f"panic_{name}", append=f"ktest=panic_{name} panic=-1", kernel=BUILD / "ktest.elf", mem="64") as m:
        m.expect("Kernel panic - not syncing: .*" + WRONG[name], 20)

        m.expect("holds .*high_", 5)
        m.expect("Call Trace:", 5)


def test_wrong_tables():
    """M10: a switch away from page tables that are not the task's."""
    with Machine("panic_wrong_tables", append="ktest=panic_wrong_tables panic=-1", kernel=BUILD / "ktest.elf", mem="64") as m:
        m.expect("Kernel panic - not syncing: .*mm_struct.c.*read_cr3", 20)
