#!/bin/sh
# toolchain.sh: x86_64-elf binutils and gcc from Debian's own source packages, about 6 minutes on 2 cores.
# They go to a cache outside the tree, ${CUTAWAY_CACHE:-~/.cache/cutaway}/toolchain, where the Makefile
# looks for them; a second run finds them there.  $1: where to leave a link (build/toolchain).
set -eu

cache=${CUTAWAY_CACHE:-$HOME/.cache/cutaway}
prefix=$cache/toolchain
link=${1:-}

say() { echo "toolchain: $*"; }

place_link() {
	[ -z "$link" ] || { mkdir -p "$(dirname "$link")"; ln -sfn "$prefix" "$link"; }
	say "$prefix/bin/x86_64-elf-gcc, $("$prefix/bin/x86_64-elf-gcc" -dumpfullversion)"
}

if [ -x "$prefix/bin/x86_64-elf-gcc" ]; then
	place_link
	exit
fi
"$(dirname "$0")/setup.sh" toolchain

binutils=$(ls /usr/src/binutils/binutils-*.tar.xz)
gcc=$(ls /usr/src/gcc-12/gcc-*.tar.xz)
work=$(mktemp -d "${TMPDIR:-/tmp}/toolchain.XXXXXX")
trap 'rm -rf "$work"' EXIT
stage=$work/stage				# moved to the cache when all of it is there
jobs=${JOBS:-$(nproc)}
export CFLAGS="-O1 -g0" CXXFLAGS="-O1 -g0"	# of the tools themselves: they build in half the time, and the kernel hardly later
cd "$work"

step() {					# step NAME COMMAND...: its output goes to a log
	name=$1; shift
	say "$name"
	"$@" >"$work/log" 2>&1 || { tail -40 "$work/log"; say "$name failed"; exit 1; }
}

step "unpack" sh -c "tar xf $binutils && tar xf $gcc"
mkdir b g

cd b
step "binutils: configure" ../binutils-*/configure --target=x86_64-elf --prefix="$prefix" --with-sysroot \
	--disable-nls --disable-werror --disable-gprofng --disable-gdb
step "binutils: build" make -j"$jobs" MAKEINFO=true
step "binutils: install" make install MAKEINFO=true DESTDIR="$stage"
cd ../g

# gcc looks for the assembler and linker of its target on PATH.
PATH=$stage$prefix/bin:$PATH
step "gcc: configure" ../gcc-*/configure --target=x86_64-elf --prefix="$prefix" --disable-nls \
	--enable-languages=c --without-headers --disable-bootstrap --disable-shared --disable-threads \
	--disable-libssp --disable-libquadmath --disable-libgomp --disable-libatomic --disable-plugin \
	--disable-lto --disable-libcc1 --with-system-zlib
step "gcc: build" make -j"$jobs" all-gcc MAKEINFO=true
step "gcc: build libgcc" make -j"$jobs" all-target-libgcc MAKEINFO=true
touch gcc/s-tm-texi		# Debian's tarball is without the GFDL texts that genhooks wants
step "gcc: install" make install-gcc install-target-libgcc MAKEINFO=true DESTDIR="$stage"

find "$stage" -type f -perm -100 ! -name '*.o' -exec strip {} + 2>/dev/null || true
mkdir -p "$cache"
rm -rf "$prefix"
mv "$stage$prefix" "$prefix"
place_link
