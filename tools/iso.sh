#!/bin/sh
# iso.sh OUT ELF ARCHIVE...: the hybrid image, for BIOS and UEFI, CD and USB stick.  The archives become
# Multiboot2 modules, unpacked in this order.  $APPEND: words for the kernel's command line.
set -eu

out=$1; elf=$2; shift 2
here=$(dirname "$0")
. "$here/words.sh"

tree=$(mktemp -d "${TMPDIR:-/tmp}/iso.XXXXXX")
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/boot/grub"

# Without debug information: GRUB reads it slowly, and gdb takes it from the ELF file anyhow.
for objcopy in objcopy x86_64-elf-objcopy build/toolchain/bin/x86_64-elf-objcopy llvm-objcopy cp; do
	command -v $objcopy >/dev/null && break
done
case $objcopy in
cp) cp "$elf" "$tree/boot/cutaway.elf" ;;
*)  $objcopy --strip-debug "$elf" "$tree/boot/cutaway.elf" ;;
esac

modules=
nr=0
for archive; do
	cp "$archive" "$tree/boot/initramfs$nr.cpio"
	modules="$modules	module2 /boot/initramfs$nr.cpio\\
"
	nr=$((nr + 1))
done

# For GRUB's shell each word stands in single quotes: name="a b" becomes 'name=a b', which GRUB hands on as "name=a b".
words=$(printf '%s' "$words" | tr '\t\n' '  ' | sed ":within
	s/^\([^\"]*\(\"[^\"]*\"[^\"]*\)*\"[^\" ]*\) /\1\n/
	t within
	s/'/'\\\\''/g; s/\"//g; s/^ *\(.*[^ ]\) *$/'\1'/; s/  */' '/g; s/\n/ /g")
sed "s,@APPEND@,$(printf '%s' "$words" | sed 's/[,&\\]/\\&/g'),; s,@MODULES@,${modules%??}," "$here/../iso/grub.cfg" >"$tree/boot/grub/grub.cfg"

for mkrescue in grub-mkrescue grub2-mkrescue x86_64-elf-grub-mkrescue; do
	command -v $mkrescue >/dev/null && break
done
# Only the modules that grub.cfg needs, and the partition maps that GRUB loads under UEFI: 5 MB of GRUB instead of 20.
$mkrescue -o "$out" --fonts= --locales= --themes= \
	--install-modules="normal multiboot2 iso9660 part_gpt part_msdos part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_plan part_sun part_sunpc fat boot configfile echo all_video serial terminal test keystatus" \
	"$tree" >"$tree.log" 2>&1 || { cat "$tree.log"; rm -f "$tree.log" "$out"; exit 1; }
rm -f "$tree.log"
