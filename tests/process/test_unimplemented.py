"""A call that is not implemented gives -ENOSYS by either door, and the log says so once for each program."""
from cutaway import BUILD, batch


def test_unimplemented():
    program = BUILD / "tests/process/guest/unimplemented"
    out = batch("unimplemented", "/tests/one; /tests/one; /tests/two; dmesg | grep unimplemented | sed -E 's/^.[^]]*] //; s/.[0-9]+]: /: /'",
                files={"/tests/one": program, "/tests/two": program})
    assert out.splitlines() == ["1111"] * 6 + [
        "one: unimplemented syscall 41 (socket)", "one: unimplemented syscall 5000 (?)", "one: unimplemented i386 syscall 102",
        "one: unimplemented i386 syscall 7777", "two: unimplemented syscall 41 (socket)", "two: unimplemented syscall 5000 (?)"], out
