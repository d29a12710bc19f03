#!/bin/sh
# rootfs.sh OUT PACKAGE...: Debian packages and everything they depend on, as a newc archive for EXTRA= (or,
# with a shell in it, for INITRAMFS=).  An installed package is copied from this machine, another one is
# downloaded.  No maintainer script runs; what they would have done and programs miss is done here:
# links of alternatives, ld.so.cache, accounts.  Without manuals, translations, gcc's sanitizers and LTO.
set -eu

[ $# -ge 2 ] || { echo 'usage: make rootfs PACKAGES="bash coreutils" OUT=x.cpio' >&2; exit 1; }
command -v apt-get >/dev/null || { echo "rootfs: needs a Debian machine (apt-get, dpkg)" >&2; exit 1; }
out=$1; shift
debs=${CUTAWAY_CACHE:-$HOME/.cache/cutaway}/debs
root=$(mktemp -d "${TMPDIR:-/tmp}/rootfs.XXXXXX")
trap 'rm -rf "$root" "$root.list"' EXIT
mkdir -p "$debs" "$(dirname "$out")"

# As if nothing were installed, apt resolves all that the packages need: "'URL' FILE SIZE HASH" lines.
resolve() {
	apt-get -o Dir::State::status=/dev/null -o APT::Install-Recommends=0 -o Dir::Cache::archives=/nowhere \
		-o Debug::NoLocking=1 --print-uris -qq -y install "$@"
}
resolve "$@" >"$root.list" 2>/dev/null || {
	[ "$(id -u)" = 0 ] && apt-get update -qq
	resolve "$@" >"$root.list"
}

# The skeleton: one /usr, as on every Debian.
for dir in bin sbin lib lib64; do
	mkdir -p "$root/usr/$dir"
	ln -s usr/$dir "$root/$dir"
done
mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/etc" "$root/var/tmp" "$root/tmp" "$root/root"
chmod 1777 "$root/tmp" "$root/var/tmp"
chmod 700 "$root/root"

unpack() {				# a tar on standard input, into the root, through the links to /usr
	tar -C "$root" -x --keep-directory-symlink --no-same-owner -p --exclude='*usr/share/doc/*' \
		--exclude='*usr/share/man/*' --exclude='*usr/share/locale/*' --exclude='*usr/share/info/*' \
		--exclude='*usr/share/lintian/*' --exclude='*usr/share/bash-completion/*' \
		--exclude='*/lto1' --exclude='*/lto-dump*' --exclude='*/lib[atl]san*' --exclude='*/libubsan*'
}

while read -r url file rest; do
	url=${url#\'}; url=${url%\'}
	package=${file%%_*}
	arch=${file##*_}; arch=${arch%.deb}
	[ "$arch" = all ] && qualified=$package || qualified=$package:$arch
	if [ "$(dpkg-query -W -f '${db:Status-Status}' "$qualified" 2>/dev/null)" = installed ]; then
		dpkg -L "$qualified" | grep '^/.' | while read -r path; do
			{ [ -e "$path" ] || [ -L "$path" ]; } && echo ".$path"
		done | tar -C / -c --no-recursion -T - | unpack
		echo "  installed   $package"
	else
		if [ ! -f "$debs/$file" ]; then
			echo "  downloading $package"
			(cd "$debs" && name=$(echo "$file" | sed 's/%3a/:/') &&
				version=$(echo "$name" | cut -d_ -f2) &&
				apt-get -o APT::Sandbox::User=root download -qq "$qualified=$version" >/dev/null &&
				{ [ -f "$file" ] || mv "$package"_*"$arch.deb" "$file"; })
		else
			echo "  cached      $package"
		fi
		dpkg-deb --fsys-tarfile "$debs/$file" | unpack
	fi
done <"$root.list"

alternative() {				# alternative NAME PROGRAM...: NAME is the first of the programs
	name=$1; shift
	for program; do
		[ -e "$root/usr/bin/$name" ] || [ ! -e "$root/usr/bin/$program" ] || ln -sf "$program" "$root/usr/bin/$name"
	done
}
alternative awk gawk mawk
alternative cc gcc
alternative pager less
alternative vi vim.basic vim.tiny

printf '%s\n' root:x:0:0:root:/root:/bin/sh daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin \
	user:x:1000:1000:user:/tmp:/bin/sh nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin >"$root/etc/passwd"
printf '%s\n' root:x:0: daemon:x:1: tty:x:5: user:x:1000: nogroup:x:65534: >"$root/etc/group"
[ -e "$root/etc/ld.so.conf" ] || echo 'include /etc/ld.so.conf.d/*.conf' >"$root/etc/ld.so.conf"
PATH=$PATH:/usr/sbin:/sbin ldconfig -r "$root" 2>/dev/null || rm -f "$root/etc/ld.so.cache"	# only a shortcut

out=$(realpath "$out")
(cd "$root" && find . ! -name . | LC_ALL=C sort | cpio -o -H newc --owner 0:0 --reproducible --quiet) >"$out.tmp"
mv "$out.tmp" "$out"
echo "$out: $(du -h "$out" | cut -f1), $(wc -l <"$root.list") packages"
