# gdb build/cutaway.elf, in this tree: commands that read the kernel's structures, and no questions.
# gdb reads this file where it trusts the folder, once: echo 'add-auto-load-safe-path /this/tree' >>~/.config/gdb/gdbinit
# (make debug and make replay need no such line.)
set confirm off
set pagination off
set print pretty on
set disassembly-flavor intel
add-auto-load-safe-path build
# After make debug the commands come with the ELF file itself (build/cutaway.elf-gdb.py).
python
import os
if not os.path.exists("build/cutaway.elf-gdb.py"):
    gdb.execute("source tools/gdb/cutaway.py")
end

define ct-attach
	target remote :1234
end
document ct-attach
Connects to a guest that was started with -s: make run QEMUFLAGS="-s -S".
end
