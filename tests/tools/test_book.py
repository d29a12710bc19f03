"""Every name, path and link that docs/ mentions exists, and the check would see one that does not."""
import sys
from cutaway import TOP

sys.path.insert(0, str(TOP / "tools"))
import book  # noqa: E402


def test_what_the_chapters_name_exists():
    assert not book.check()


def test_the_check_sees_what_is_gone():
    page = TOP / "build/tests/page.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("`do_exit()` `no_such_function()` `struct file` `struct nothing` [a](b.md) `TASK_RUNNING` `TASK_WALK" + "ING` *not_ours()*\n"
                    "`mm/fault.c` `mm/gone.c` `current->mm` `current->soul`\n```\ngone_too() and do_exit()\n```\n")
    text = "\n".join(book.check_page(page))
    assert [word for word in ("no_such_function", "nothing", "b.md", "TASK_WALK" + "ING", "gone_too", "gone.c", "soul") if word not in text] == []
    assert [word for word in ("do_exit", "struct file", "not_ours", "TASK_RUNNING", "fault.c", "current->mm") if word in text] == []


def test_every_system_call_is_in_its_table():
    assert book.syscall_page().count("\n| ") - 1 == (TOP / "kernel/syscalls.tbl.h").read_text().count("\nSYSCALL")
