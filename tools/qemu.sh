#!/bin/sh
# qemu.sh [QEMU options]: runs Cutaway in QEMU.  Environment (the Makefile's words): ISO ELF INITRAMFS
# EXTRA APPEND MEM SMP CPU MACHINE QEMUFLAGS; UEFI=1 boots the image by OVMF instead of SeaBIOS;
# KERNEL=1 boots the ELF file straight, without the image (PVH).  In a window where there is a
# display, else on the serial line in this terminal (Ctrl-a x ends it, Ctrl-a c is QEMU's monitor).
set -eu
. "$(dirname "$0")/words.sh"
O=${O:-build}

first() { for f; do [ -e "$f" ] && { echo "$f"; return; }; done; echo "qemu.sh: none of $*" >&2; exit 1; }

set -- -accel tcg -machine "${MACHINE:-q35}" -cpu "${CPU:-max}" -m "${MEM:-256}" -smp "${SMP:-1}" -no-reboot ${QEMUFLAGS:-} "$@"

if [ -n "${KERNEL:-}" ]; then
	# -initrd takes one file: archives one after the other are unpacked in order, as by Linux.
	cat "$INITRAMFS" ${EXTRA:-} >"$O/initrd.img"
	set -- -kernel "$ELF" -initrd "$O/initrd.img" -append "$words" "$@"
else
	# In QEMU's options a comma ends a name and a colon a protocol.
	iso=$(cd "$(dirname "$ISO")" && pwd)/$(basename "$ISO")
	set -- -drive "file=$(echo "$iso" | sed 's/,/,,/g'),format=raw,if=none,id=cd,readonly=on" -device ide-cd,drive=cd "$@"
fi
if [ -n "${UEFI:-}" ]; then
	code=$(first /usr/share/OVMF/OVMF_CODE_4M.fd /usr/share/edk2/ovmf/OVMF_CODE.fd /usr/share/edk2/x64/OVMF_CODE.4m.fd)
	vars=$(first /usr/share/OVMF/OVMF_VARS_4M.fd /usr/share/edk2/ovmf/OVMF_VARS.fd /usr/share/edk2/x64/OVMF_VARS.4m.fd)
	set -- -drive "if=pflash,format=raw,unit=0,readonly=on,file=$code" \
		-drive "if=pflash,format=raw,unit=1,snapshot=on,file=$vars" "$@"
fi
if [ -n "${SERIAL:-}" ]; then
	set -- -serial "$SERIAL" "$@"
else
	set -- -serial mon:stdio "$@"
fi
if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ "$(uname)" != Darwin ]; then
	set -- -display none "$@"
	[ -n "${SERIAL:-}" ] || [ ! -t 1 ] || echo "qemu: serial console in this terminal; Ctrl-a x ends it"
fi
exec qemu-system-x86_64 "$@"
