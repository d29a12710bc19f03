"""Commands for gdb that read the kernel's structures.  `make debug` loads them; by hand: gdb -x tools/gdb/cutaway.py.

They read memory only, so that they work wherever the guest is stopped, in a panic too.  Each is also a short
tour of the structure that it prints.
"""
import os
import struct

import gdb

PAGE_OFFSET = 0xffff888000000000
FRAME = 0x000ffffffffff000


# ---- walking the kernel's lists and trees ------------------------------------------------

def var(name):
    symbol = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
    if not symbol:
        raise gdb.GdbError(f"the kernel has no variable {name}")
    return symbol.value()


def container_of(pointer, kind, member):
    kind = gdb.lookup_type(kind)
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    return gdb.Value(int(pointer) - offset).cast(kind.pointer())


def list_entries(head, kind, member):
    node = head["next"]
    while node and node != head.address:
        yield container_of(node, kind, member)
        node = node["next"]


def tree_nodes(node):
    """The nodes of a red-black tree in order."""
    if node:
        yield from tree_nodes(node["left"])
        yield node
        yield from tree_nodes(node["right"])


def tasks():
    """PID 0, then every task from its list, threads too."""
    init = var("init_task")
    yield init.address
    for leader in list_entries(init["tasks"], "struct task_struct", "tasks"):
        yield leader
        yield from list_entries(leader["thread_group"], "struct task_struct", "thread_group")


def task_of(argument):
    pid = int(gdb.parse_and_eval(argument))
    for task in tasks():
        if int(task["pid"]) == pid:
            return task
    raise gdb.GdbError(f"no task has PID {pid}")


def mm_of(argument):
    mm = task_of(argument)["mm"]
    if not mm:
        raise gdb.GdbError(f"PID {argument} is a kernel thread: it has no address space")
    return mm


def state(task):
    """The letter that ps shows."""
    if int(task["exit_state"]):
        return "Z" if int(task["exit_state"]) & 0x20 else "X"
    for bit, letter in ((1, "S"), (2, "D"), (4, "T"), (8, "t")):
        if int(task["state"]) & bit:
            return letter
    return "R"


def comm(task):
    return task["comm"].string(errors="replace")


def name_of(dentry):
    return dentry["d_name"]["name"].string(errors="replace") if dentry else "?"


def path_of(path):
    """The name of a struct path, up through its parents and mounts."""
    dentry, mount, parts = path["dentry"], path["mnt"], []
    for _ in range(64):
        if dentry == mount["mnt_root"]:
            if mount["mnt_parent"] == mount or not mount["mnt_parent"]:
                break
            dentry, mount = mount["mnt_mountpoint"], mount["mnt_parent"]
            continue
        parts.append(name_of(dentry))
        if dentry["d_parent"] == dentry:
            break
        dentry = dentry["d_parent"]
    return "/" + "/".join(reversed(parts))


class Command(gdb.Command):
    """Makes a gdb command of a class: its name and help are the class's."""
    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_DATA)

    def invoke(self, text, from_tty):
        try:
            self.run(*gdb.string_to_argv(text))
        except TypeError:
            raise gdb.GdbError("usage: " + self.__doc__.split(":")[0])
        except gdb.error as error:		# no such symbol, or no memory there
            raise gdb.GdbError(f"{self.name}: {error}")


# ---- the commands ------------------------------------------------------------------------

class Ps(Command):
    """ct-ps: every task, with its parent, state, nice value, vruntime and structure."""
    name = "ct-ps"

    def run(self):
        print("  PID  TGID  PPID S PRI NI  CPU        vruntime  task_struct        COMM")
        for task in tasks():
            parent = int(task["real_parent"]["pid"]) if task["real_parent"] else 0
            name = comm(task)
            if not task["mm"]:
                name = f"[{name}]"
            print(f"{int(task['pid']):5} {int(task['tgid']):5} {parent:5} {state(task)} {int(task['prio']):3} "
                  f"{int(task['static_prio']) - 120:3} {int(task['cpu']):3} {int(task['se']['vruntime']):16}  "
                  f"{int(task):#018x} {name}")


class Vmas(Command):
    """ct-vmas PID: its memory areas, as in /proc/PID/maps."""
    name = "ct-vmas"

    def run(self, pid):
        mm = mm_of(pid)
        vma = mm["mmap"]
        while vma:
            flags = int(vma["vm_flags"])
            rights = "".join(c if flags & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4)))
            start, end = int(vma["vm_start"]), int(vma["vm_end"])
            name = path_of(vma["vm_file"]["f_path"]) if vma["vm_file"] else ""
            if start <= int(mm["brk"]) and end >= int(mm["start_brk"]) and not name:
                name = "[heap]"
            if start <= int(mm["start_stack"]) < end:
                name = "[stack]"
            print(f"{start:012x}-{end:012x} {rights}{'s' if flags & 8 else 'p'} {int(vma['vm_pgoff']) << 12:08x} "
                  f"{int(vma):#x} {name}")
            vma = vma["vm_next"]


class PageTable(Command):
    """ct-pgtable ADDR [PID]: the four levels that translate ADDR, decoded; without PID by the loaded CR3."""
    name = "ct-pgtable"
    FLAGS = ((1, "W"), (2, "U"), (3, "PWT"), (4, "PCD"), (5, "A"), (6, "D"), (7, "PS"), (8, "G"), (9, "SPECIAL"), (63, "NX"))

    def run(self, address, pid=None):
        value = gdb.parse_and_eval(address)
        if value.type.code in (gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRUCT):
            value = value.address
        address = int(value) & (1 << 64) - 1
        if address >> 47 not in (0, 0x1ffff):
            raise gdb.GdbError(f"{address:#x} is no address: bits 47 to 63 are not equal")
        if pid:
            table = int(mm_of(pid)["pgd"]) & (1 << 64) - 1
        else:
            table = PAGE_OFFSET + (int(gdb.parse_and_eval("$cr3")) & FRAME)
        memory = gdb.selected_inferior()
        for level, shift in (("pgd", 39), ("pud", 30), ("pmd", 21), ("pte", 12)):
            index = address >> shift & 511
            entry = struct.unpack("<Q", memory.read_memory(table + 8 * index, 8))[0]
            words = " ".join(name for bit, name in self.FLAGS if entry >> bit & 1)
            print(f"{level} {table:#018x}[{index:3}] = {entry:016x}  " +
                  (f"frame {entry & FRAME:#x} P {words}" if entry & 1 else "not present"))
            if not entry & 1:
                return
            if shift == 12 or shift < 39 and entry >> 7 & 1:
                size = 1 << shift
                print(f"{address:#x} -> physical {(entry & FRAME & ~(size - 1)) | address & (size - 1):#x}, page of {size >> 10} KiB")
                return
            table = PAGE_OFFSET + (entry & FRAME)


class RunQueue(Command):
    """ct-runqueue [CPU]: of this or every processor, the running task and the CFS tree in order of vruntime."""
    name = "ct-runqueue"

    def run(self, cpu=None):
        for n in range(int(var("nr_cpus"))) if cpu is None else [int(cpu)]:
            if not 0 <= n < int(var("nr_cpus")) or not var("runqueues")[n]["curr"]:
                raise gdb.GdbError(f"CPU {n} has no run queue (yet)")
            self.one(n)

    def one(self, cpu):
        rq = var("runqueues")[cpu]
        cfs = rq["cfs"]
        low = int(cfs["min_vruntime"])
        print(f"CPU {cpu}: {int(rq['nr_running'])} runnable, min_vruntime {low} ns, weight {int(cfs['load']['weight'])}")
        self.line("running", rq["curr"], low)
        for node in tree_nodes(cfs["tasks_timeline"]["root"]["node"]):
            entity = container_of(node, "struct sched_entity", "run_node")
            self.line("tree", container_of(entity, "struct task_struct", "se"), low)
        for prio in range(100):
            for entity in list_entries(rq["rt"]["queue"][prio], "struct sched_rt_entity", "run_list"):
                self.line(f"rt {prio}", container_of(entity, "struct task_struct", "rt"), low)

    @staticmethod
    def line(where, task, low):
        vruntime = int(task["se"]["vruntime"])
        print(f"  {where:8} {int(task['pid']):5} {comm(task):16} nice {int(task['static_prio']) - 120:3} "
              f"vruntime {vruntime:16} ({vruntime - low:+})")


class Dmesg(Command):
    """ct-dmesg: the kernel's log, also when the guest hangs before it can print."""
    name = "ct-dmesg"

    def run(self):
        ring, head, tail = var("log_buf"), int(var("log_head")), int(var("log_tail"))
        size = ring.type.sizeof
        text = bytes(gdb.selected_inferior().read_memory(ring.address, size)) * 2
        text = text[tail % size:tail % size + head - tail]
        for line in text.decode(errors="replace").splitlines():
            print(line)


class Files(Command):
    """ct-files PID: its open files."""
    name = "ct-files"

    def run(self, pid):
        files = task_of(pid)["files"]
        if not files:
            raise gdb.GdbError(f"PID {pid} has no files (yet, or any more)")
        table = files["fdt"]
        for fd in range(int(table["max_fds"])):
            file = table["fd"][fd]
            if file:
                print(f"{fd:4} {int(file):#x} count {int(file['f_count']['v'])} flags {int(file['f_flags']):#o} "
                      f"pos {int(file['f_pos'])} {path_of(file['f_path'])}")
        fs = task_of(pid)["fs"]
        if fs:
            print(f" cwd {path_of(fs['pwd'])}\nroot {path_of(fs['root'])}")


class User(Command):
    """ct-user PID [FILE]: loads the symbols of the program that PID runs (FILE: its ELF file on this machine)."""
    name = "ct-user"

    def run(self, pid, file=None):
        task, mm = task_of(pid), mm_of(pid)
        exe = path_of(mm["exe_file"]["f_path"])
        build = os.path.dirname(gdb.current_progspace().filename)
        places = [os.path.join(build, "user", "init" if exe == "/init" else os.path.basename(exe)),
                  os.path.join(build, "tests", exe.lstrip("/")), exe]
        file = file or next((p for p in places if os.path.isfile(p)), None)
        if not file:
            raise gdb.GdbError(f"no file here for {exe}: name it, ct-user {pid} FILE")
        first = min(self.areas(mm), default=0)
        offset = first - self.lowest(file)
        gdb.execute(f"add-symbol-file {file} -o {offset:#x}")
        print(f"PID {pid} ({comm(task)}) runs {exe}; symbols of {file} at {offset:+#x}")

    @staticmethod
    def areas(mm):
        vma = mm["mmap"]
        while vma:
            if vma["vm_file"] and vma["vm_file"]["f_inode"] == mm["exe_file"]["f_inode"]:
                yield int(vma["vm_start"]) - (int(vma["vm_pgoff"]) << 12)
            vma = vma["vm_next"]

    @staticmethod
    def lowest(file):
        """Where the file's first PT_LOAD would lie without relocation, less its place in the file."""
        with open(file, "rb") as elf:
            head = elf.read(64)
            phoff, = struct.unpack_from("<Q", head, 32)
            size, number = struct.unpack_from("<HH", head, 54)
            elf.seek(phoff)
            table = elf.read(size * number)
        loads = [struct.unpack_from("<IIQQ", table, i * size) for i in range(number)]
        return min(vaddr - offset for kind, _, offset, vaddr in loads if kind == 1) & ~0xfff


for command in (Ps, Vmas, PageTable, RunQueue, Dmesg, Files, User):
    command()
print("Cutaway: ct-ps  ct-vmas PID  ct-pgtable ADDR [PID]  ct-runqueue  ct-dmesg  ct-files PID  ct-user PID")
