"""usbredir.py: a USB keyboard made of Python, plugged into QEMU's usb-redir device, that can be as broken as a test wants.

    kbd = Keyboard(path, transfers, control=lambda setup, answer: answer)      path: of QEMU's chardev socket (server=on,wait=off)

control() may change what the device answers to a request: bytes, STALL, or SILENT.  setup: (type, request, value, index, length).
transfers(): how many reports the guest has had (Machine.transfers).
The protocol: https://www.spice-space.org/usbredir.html, usbredir-protocol.md 0.7.
"""
import socket
import struct
import threading
import time

from cutaway import SLOW, Failed

STALL, SILENT = "stall", "silent"
HELLO, CONNECT, INTERFACES, ENDPOINTS, SET_CONFIG, CONFIG_STATUS, START_INTERRUPT, INTERRUPT_STATUS = 0, 1, 4, 5, 6, 8, 15, 17
CONTROL, INTERRUPT = 100, 103
CAPABILITIES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6	# version in CONNECT, sizes in ENDPOINTS, 64-bit numbers, long bulk packets
OK, STATUS_STALL = 0, 4
LOW, FULL, HIGH = 0, 1, 2

DEVICE = bytes([18, 1, 0x10, 1, 0, 0, 0, 8, 0xf4, 0x1a, 0x39, 5, 1, 0, 0, 0, 0, 1])
CONFIG = bytes([9, 2, 34, 0, 1, 1, 0, 0xa0, 50, 9, 4, 0, 0, 1, 3, 1, 1, 0, 9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0, 7, 5, 0x81, 3, 8, 0, 10])


class Keyboard:
    def __init__(self, path, transfers, control=lambda setup, answer: answer, speed=LOW):
        self.control, self.seen, self.receiving, self.transfers = control, [], threading.Event(), transfers
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.send(HELLO, 0, b"cutaway".ljust(64, b"\0") + struct.pack("<I", CAPABILITIES))
        kinds = bytes([0] + [255] * 15 + [0, 3] + [255] * 14)		# endpoint 0 both ways, 1 IN: interrupt
        intervals, sizes = bytes([0] * 17 + [10] + [0] * 14), [8] + [0] * 15 + [8, 8] + [0] * 14
        self.send(INTERFACES, 0, struct.pack("<I", 1) + b"".join(bytes([v]).ljust(32, b"\0") for v in (0, 3, 1, 1)))
        self.send(ENDPOINTS, 0, kinds + intervals + bytes(32) + struct.pack("<32H", *sizes))
        self.send(CONNECT, 0, struct.pack("<BBBBHHH", speed, 0, 0, 0, 0x1af4, 0x0539, 1))
        threading.Thread(target=self.serve, daemon=True).start()

    def send(self, kind, number, data):
        self.sock.sendall(struct.pack("<III" if kind == HELLO else "<IIQ", kind, len(data), number) + data)

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def serve(self):
        try:
            self.read(struct.unpack("<III", self.read(12))[1])		# its HELLO
            while True:
                kind, length, number = struct.unpack("<IIQ", self.read(16))
                data = self.read(length)
                if kind == CONTROL:
                    self.request(number, data)
                elif kind == SET_CONFIG:
                    if self.control((0, 9, data[0], 0, 0), b"") is not SILENT:
                        self.send(CONFIG_STATUS, number, bytes([OK, data[0]]))
                elif kind == START_INTERRUPT:
                    self.send(INTERRUPT_STATUS, number, bytes([OK, data[0]]))
                    self.receiving.set()
        except (OSError, EOFError):
            pass

    def request(self, number, data):
        endpoint, request, kind, _, value, index, length = struct.unpack("<BBBBHHH", data[:10])
        setup = kind, request, value, index, length
        answer = {(0x80, 6, 0x100): DEVICE, (0x80, 6, 0x200): CONFIG}.get((kind, request, value), b"")
        answer = self.control(setup, answer)
        self.seen.append(setup)
        if answer is SILENT:
            return
        status, answer = (STATUS_STALL, b"") if answer is STALL else (OK, answer[:length])
        length = len(answer) if kind & 0x80 else length
        self.send(CONTROL, number, struct.pack("<BBBBHHH", endpoint, request, kind, status, value, index, length) + answer)

    def report(self, *keys, modifiers=0, status=OK):
        """Waits until the guest has it: QEMU keeps one report, and drops those that come before it is asked for that."""
        data = bytes([modifiers, 0, *keys]).ljust(8, b"\0") if status == OK else b""
        before, end = self.transfers(), time.time() + 60 * SLOW
        self.send(INTERRUPT, 0, struct.pack("<BBH", 0x81, status, len(data)) + data)
        while status == OK and self.transfers() == before:
            if time.time() > end:
                raise Failed(f"waited {60 * SLOW:.0f} s for the guest to take a report")
            time.sleep(0.005)

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
