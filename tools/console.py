#!/usr/bin/python3
"""console.py [SOCKET]: this terminal on the guest's serial console while `make debug` runs. Ctrl-] leaves."""
import os
import select
import socket
import sys
import termios
import tty

path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.environ.get("O", "build"), "console.sock")
link = socket.socket(socket.AF_UNIX)
link.connect(path)
saved = termios.tcgetattr(0)
tty.setraw(0)
try:
    while True:
        ready = select.select([0, link], [], [])[0]
        if 0 in ready:
            keys = os.read(0, 1024)
            if b"\x1d" in keys:
                break
            link.sendall(keys)
        if link in ready:
            text = link.recv(4096)
            if not text:
                break
            os.write(1, text)
finally:
    termios.tcsetattr(0, termios.TCSADRAIN, saved)
    print()
