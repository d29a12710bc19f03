"""What the grader reads of the kernel in the lab `signal`: the task's mask and queues, and the frame on the user's stack."""
from kernel import *

FP_XSTATE_MAGIC1, FP_XSTATE_MAGIC2 = 0x46505853, 0x46505845


def show(mask):
    return "{" + " ".join(str(i + 1) for i in range(64) if mask >> i & 1) + "}"


def blocked_is(expected, when):
    got = integer(current()["blocked"])
    if got != expected:
        wrong(f"{when} the signals {show(expected)} are blocked", f"task->blocked is {show(got)}")


def masks(at):
    p = current() if at.where != "begin" else None
    if at.where == "handler":
        sig = at.args[1]
        if p["sighand"]["action"][sig - 1]["sa"]["sa_flags"] & 0x40000000:
            return
        if not integer(p["blocked"]) >> (sig - 1) & 1:
            wrong(f"signal {sig} is blocked while its handler runs", f"task->blocked is {show(integer(p['blocked']))}")
    elif at.where == "after":
        blocked_is(at.args[0] & MASK, "after the handler")
        if int(p["ti_flags"]) & 0x20:
            wrong("the saved mask is used once", "TIF_RESTORE_SIGMASK is still set")
        if int(p["pending"]["signal"]) or int(p["signal"]["nr_sigqueue"]):
            wrong("a signal that was delivered is not pending any more",
                  f"pending {show(int(p['pending']['signal']))}, {int(p['signal']['nr_sigqueue'])} in the queue")


def frame(at):
    """args: the handler's rsp, the FPU image. Read from the user's memory, and compared with what the kernel knows."""
    if at.where != "frame":
        return
    p, (rsp, fp, _) = current(), at.args
    action = p["sighand"]["action"][9]["sa"]
    equal("the return address on the stack (the restorer)", hex(read_u64(rsp)), hex(integer(action["sa_restorer"])))
    flags, = struct.unpack("<Q", read(rsp + 8, 8))
    if flags & 6 != 6:
        wrong("uc_flags has UC_SIGCONTEXT_SS and UC_STRICT_RESTORE_SS", f"it is {flags:#x}")
    if int(var("fpu_xfeatures")):
        magic, size = struct.unpack("<II", read(fp + 464, 8))
        if magic != FP_XSTATE_MAGIC1 or struct.unpack("<I", read(fp + size - 4, 4))[0] != FP_XSTATE_MAGIC2:
            wrong("the XSAVE image has its two magic words", f"the first is {magic:#x}, the size {size}")
    cs = struct.unpack("<H", read(rsp + 8 + 40 + 18 * 8, 2))[0]
    if cs != 0x33:
        wrong("the saved cs is the user's, 0x33", f"it is {cs:#x}")
    blocked_is(1 | 1 << 9, "in the handler")


def flags(at):
    if at.where == "flags":
        value = int(gdb.execute("print/x $eflags", to_string=True).split("=")[1], 16)
        if value & 0x3000:
            wrong("no program has IOPL 3: it could turn off interrupts for ever", f"eflags is {value:#x}")
        if not value & 0x200:
            wrong("user mode runs with interrupts on", f"eflags is {value:#x}: IF is off")
