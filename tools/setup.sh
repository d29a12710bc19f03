#!/bin/sh
# setup.sh WHAT...: finds the tools that WHAT needs (build, user, iso, run, test, ...) and installs those
# that are missing: with apt-get on Debian and its kin, as root or through sudo, saying what.  On other
# systems, or without the rights, it prints the command to type and stops.
# setup.sh doctor: prints every tool with its version.
set -eu

# what, test (a command or a file), then the package on: Debian, Fedora, Arch, Homebrew (- none)
table='
build gcc|x86_64-elf-gcc|clang      gcc              gcc            gcc        x86_64-elf-gcc
build ld|x86_64-elf-ld|ld.lld       binutils         binutils       binutils   x86_64-elf-binutils
build nasm                          nasm             nasm           nasm       nasm
build make                          make             make           make       make
user  musl-gcc                      musl-tools       musl-gcc       musl       -
user  busybox                       busybox-static   busybox        busybox    -
user  cpio                          cpio             cpio           cpio       cpio
iso   grub-mkrescue|grub2-mkrescue|x86_64-elf-grub-mkrescue grub-common      grub2-tools-extra grub    x86_64-elf-grub
iso   /usr/lib/grub/i386-pc|/opt/homebrew/opt/x86_64-elf-grub grub-pc-bin      grub2-pc-modules  grub    x86_64-elf-grub
iso   /usr/lib/grub/x86_64-efi|/opt/homebrew/opt/x86_64-elf-grub grub-efi-amd64-bin grub2-efi-x64-modules grub x86_64-elf-grub
iso   xorriso                       xorriso          xorriso        libisoburn xorriso
iso   mformat                       mtools           mtools         mtools     mtools
qemu  qemu-system-x86_64            qemu-system-x86  qemu-system-x86 qemu-system-x86 qemu
uefi  /usr/share/OVMF/OVMF_CODE_4M.fd|/usr/share/edk2/ovmf/OVMF_CODE.fd|/usr/share/edk2/x64/OVMF_CODE.4m.fd ovmf edk2-ovmf edk2-ovmf -
test  /usr/bin/python3              python3          python3        python     python3
test  py:pytest                     python3-pytest   python3-pytest python-pytest pytest
test  py:pexpect                    python3-pexpect  python3-pexpect python-pexpect -
test  py:xdist                      python3-pytest-xdist python3-pytest-xdist python-pytest-xdist -
test  bash-static|/bin/bash-static  bash-static      -              -          -
windows chromium                     chromium         chromium       chromium   -
windows chromedriver                 chromium-driver  chromium-chromedriver chromium -
windows py:selenium                  python3-selenium python3-selenium python-selenium -
models spin                         spin             spin           spin       spin
debug gdb                           gdb              gdb            gdb        gdb
replay qemu-img                     qemu-utils       qemu-img       qemu-img   qemu
bochs /usr/bin/bochs                bochs            bochs          -          -
bochs /usr/share/bochs/BIOS-bochs-latest bochsbios   -              -          -
bochs /usr/share/vgabios/vgabios.stdvga.bin vgabios  -              -          -
bochs /usr/share/seabios/bios.bin   seabios          -              -          -
bochs /usr/share/ovmf/OVMF.fd       ovmf             -              -          -
bochs /usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_x_gui.so bochs-x - -       -
bochs Xvfb                          xvfb             -              -          -
compare strace                      strace           strace         strace     -
book  py:myst_parser                python3-myst-parser python3-myst-parser python-myst-parser -
book  py:furo                       furo             python3-furo   python-sphinx-furo -
lab   git                           git              git            git        git
lint  ctags                         universal-ctags  ctags          ctags      universal-ctags
lint  /usr/bin/python3              python3          python3        python     python3
llvm  clang                         clang            clang          clang      llvm
llvm  ld.lld                        lld              lld            lld        lld
fuzz  clang                         clang            clang          clang      llvm
fuzz  /usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a|/usr/lib/clang libclang-rt-14-dev compiler-rt compiler-rt -
format clang-format                 clang-format     clang-tools-extra clang   clang-format
window /usr/lib/x86_64-linux-gnu/qemu/ui-gtk.so qemu-system-gui - -       -
toolchain /usr/src/binutils         binutils-source  -              -          -
toolchain /usr/src/gcc-12           gcc-12-source    -              -          -
toolchain g++                       g++              gcc-c++        gcc        -
toolchain xz                        xz-utils         xz             xz         xz
toolchain flex                      flex             flex           flex       flex
toolchain bison                     bison            bison          bison      bison
toolchain makeinfo                  texinfo          texinfo        texinfo    texinfo
toolchain /usr/include/gmp.h|/usr/include/x86_64-linux-gnu/gmp.h libgmp-dev gmp-devel gmp gmp
toolchain /usr/include/mpfr.h       libmpfr-dev      mpfr-devel     mpfr       mpfr
toolchain /usr/include/mpc.h        libmpc-dev       libmpc-devel   libmpc     libmpc
toolchain /usr/include/zlib.h       zlib1g-dev       zlib-devel     zlib       zlib
'

found() {				# found "a|b|c": is one of them there?
	for one in $(echo "$1" | tr '|' ' '); do
		case $one in
		py:*) /usr/bin/python3 -c "import ${one#py:}" 2>/dev/null && return ;;
		/*)   [ -e "$one" ] && return ;;
		*)    command -v "$one" >/dev/null 2>&1 && return
		      [ -x "${CUTAWAY_CACHE:-$HOME/.cache/cutaway}/toolchain/bin/$one" ] && return ;;
		esac
	done
	return 1
}

system() {				# debian, fedora, arch, brew or other
	[ "$(uname)" = Darwin ] && { echo brew; return; }
	for pair in apt-get:debian dnf:fedora pacman:arch brew:brew; do
		command -v "${pair%:*}" >/dev/null && { echo "${pair#*:}"; return; }
	done
	echo other
}

version() {				# one line that says which version a command is
	case $1 in
	xorriso|gdb|qemu*|gcc|*-gcc|clang*|ld*|*-ld|make|grub*|cpio|xz|g++|flex|bison|makeinfo|ctags|mformat)
		"$1" --version 2>/dev/null </dev/null | head -1 ;;
	nasm)		nasm -v ;;
	busybox)	busybox | head -1 ;;
	*python3)	"$1" --version ;;
	bash-static)	bash-static --version | head -1 ;;
	esac
}

doctor() {
	status=0
	while read -r what test debian fedora arch brew; do
		[ -n "$what" ] || continue
		eval "package=\$$system"
		if found "$test"; then
			printf '%-10s %-22s %s\n' "$what" "${one##*/}" "$(version "$one")"
		else
			printf '%-10s %-22s MISSING%s\n' "$what" "${test##*/}" \
				"$([ "$package" = - ] || echo ", package $package")"
			case $what in build|user|iso|qemu) status=1 ;; esac
		fi
	done
	x=build/toolchain/bin/x86_64-elf-gcc
	[ -x $x ] && printf '%-10s %-22s %s\n' cross $x "$($x --version | head -1)"
	return $status
}

missing() {				# the packages that the groups "$@" lack on this system
	while read -r what test debian fedora arch brew; do
		case " $* " in *" $what "*) ;; *) continue ;; esac
		found "$test" && continue
		eval "package=\$$system"
		if [ "$package" = - ]; then
			echo "no-package-for:$test"
		else
			echo "$package"
		fi
	done | sort -u | tr '\n' ' '
}

system=$(system)
if [ "${1:-}" = doctor ]; then
	echo "$table" | doctor
	exit
fi

packages=$(echo "$table" | missing "$@")
[ -n "$packages" ] || exit 0

for package in $packages; do		# what only a Debian has
	case $package in
	no-package-for:*)
		echo "setup: ${package#no-package-for:} is missing and this system has no package for it;" \
			"on a Debian 12 (a container will do) it is there" >&2
		packages=$(echo "$packages" | sed "s,$package *,,"); stop=1 ;;
	esac
done
case $system in
debian)	command="apt-get install -y --no-install-recommends $packages" ;;
fedora)	command="dnf install $packages" ;;
arch)	command="pacman -S --needed $packages" ;;
brew)	command="brew install $packages" ;;
*)	echo "setup: unknown system; please install: $packages" >&2; exit 1 ;;
esac

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
if [ $system = debian ] && { [ -z "$sudo" ] || { command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }; }; then
	echo "setup: missing: $packages"
	echo "setup: ${sudo:+$sudo }$command"
	$sudo env DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -qq && $command -qq >/dev/null" && exit ${stop:-0}
fi
[ -z "$packages" ] || echo "setup: these are missing; please type
    $([ $system = brew ] || echo "${sudo:+$sudo }")$command
and try again" >&2
exit 1
