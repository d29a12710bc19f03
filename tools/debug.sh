#!/bin/sh
# debug.sh: QEMU, stopped at reset, and gdb on it with the kernel's symbols and the commands of tools/gdb,
# run to start_kernel.  Sockets, not ports: several of these can run at once.  The guest's serial console is
# at $O/console.sock (in another terminal: tools/console.py) and its text in $O/console.log.
set -eu

O=${O:-build}
here=$(dirname "$0")
socket=$(mktemp -u "${TMPDIR:-/tmp}/cutaway-gdb.XXXXXX")
root=$(cd "$here/.." && pwd)

export SERIAL=chardev:console
rm -f "$O/console.sock"
setsid "$here/qemu.sh" -S -monitor none \
	-chardev "socket,path=$socket,server=on,wait=off,id=gdb" -gdb chardev:gdb \
	-chardev "socket,path=$O/console.sock,server=on,wait=off,id=console,logfile=$O/console.log" </dev/null &
qemu=$!
trap 'kill $qemu 2>/dev/null || true; rm -f "$socket" "$O/console.sock"' EXIT
trap 'exit 1' TERM HUP
trap : INT			# ^C is for gdb
# The second socket is there: QEMU listens at the first.
for try in $(seq 2400); do [ ! -S "$O/console.sock" ] && kill -0 $qemu 2>/dev/null || break; sleep 0.05; done

# gdb loads FILE-gdb.py beside FILE by itself, where it trusts the directory.
ln -sf "$root/tools/gdb/cutaway.py" "$ELF-gdb.py"
gdb -q -iex "add-auto-load-safe-path $root" -iex "add-auto-load-safe-path $(cd "$(dirname "$ELF")" && pwd)" \
	-iex "set pagination off" -iex "set confirm off" -iex "set remotetimeout 60" "$ELF" \
	-ex "target remote $socket" -ex "hbreak start_kernel" -ex continue -ex "delete" "$@" || true
