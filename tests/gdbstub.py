"""gdbstub.py: QEMU's gdb stub without gdb, for tests that change a kernel's memory while it stands."""
import os
import socket
import struct
import subprocess
import time

from cutaway import KERNEL, SLOW, Failed

REGISTERS = "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip".split()	# gdb's order


class Gdb:
    """QEMU's gdb stub, as much as poking into memory needs."""
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        end = time.time() + 60 * SLOW		# QEMU listens here later than at its serial port
        while error := self.sock.connect_ex(str(path)):
            if time.time() > end:
                raise Failed(f"no gdb stub at {path}: {os.strerror(error)}")
            time.sleep(0.05)
        self.sock.settimeout(120 * SLOW)
        self.file = self.sock.makefile("rwb")

    def ask(self, text):
        self.file.write(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xff))
        self.file.flush()
        answer = self.packet()
        while answer.startswith("T") and text != "c":	# that it has stopped, since we have come: no answer
            answer = self.packet()
        return answer

    def byte(self):
        """The next one; QEMU that has ended gives none."""
        return self.file.read(1) or self.gone()

    def gone(self):
        raise Failed("the gdb stub went away")

    def packet(self):
        while self.byte() != b"$":
            pass
        answer = bytearray()
        while (c := self.byte()) != b"#":
            answer += c
        self.file.read(2)
        self.file.write(b"+")
        self.file.flush()
        return answer.decode()

    def go_to(self, address):
        """Lets a machine that was started with -S run to there."""
        assert self.ask(f"Z1,{address:x},1") == "OK"
        self.ask("c")
        self.ask(f"z1,{address:x},1")

    def registers(self):
        """Of the processor that has stopped, by name."""
        return dict(zip(REGISTERS, struct.unpack_from("<17Q", bytes.fromhex(self.ask("g")))))

    def set_registers(self, **values):
        regs = bytearray(bytes.fromhex(self.ask("g")))
        for name, value in values.items():
            struct.pack_into("<Q", regs, 8 * REGISTERS.index(name), value)
        assert self.ask("G" + regs.hex()) == "OK"

    def read(self, address, n):
        return bytes.fromhex(self.ask(f"m{address:x},{n:x}"))

    def write(self, address, data):
        for i in range(0, len(data), 512):
            part = data[i:i + 512]
            assert self.ask(f"M{address + i:x},{len(part):x}:{part.hex()}") == "OK"


def symbols(elf=KERNEL):
    out = subprocess.run(["nm", elf], capture_output=True, text=True, check=True).stdout
    return {line.split()[2]: int(line.split()[0], 16) for line in out.splitlines() if len(line.split()) == 3}
