#!/bin/sh
# mkinitramfs.sh OUT PROGRAMS-DIR [EXTRA-DIR...]: packs the default initramfs.
#
# Debian's busybox with a link for each applet, our programs from PROGRAMS-DIR
# (build/user), the few files of /etc, and the trees of EXTRA-DIRs on top.
# /bin, /sbin and /lib are links into /usr, as on Debian, so that archives
# made from Debian packages (make rootfs) lie down on top of it.
set -eu

out=$1; programs=$2; shift 2
busybox=${BUSYBOX:-/bin/busybox}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT INT TERM

cd_root() { (cd "$root" && "$@"); }

cd_root mkdir -p dev proc sys tmp root run mnt etc var/log \
	usr/bin usr/sbin usr/lib usr/lib64
cd_root chmod 1777 tmp
cd_root chmod 700 root
for dir in bin sbin lib lib64; do
	ln -s usr/$dir "$root/$dir"
done
ln -s ../run "$root/var/run"
ln -s ../tmp "$root/var/tmp"

cp "$busybox" "$root/usr/bin/busybox"
for applet in $("$busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$root/usr/bin/$applet"
done
ln -s ../bin/busybox "$root/usr/sbin/chroot"	# some scripts name it so

# Our programs replace applets of the same name; symbols stay in build/user.
for program in "$programs"/*; do
	name=${program##*/}
	[ -f "$program" ] && [ -x "$program" ] || continue
	dest=$root/usr/bin/$name
	[ "$name" != init ] || dest=$root/init
	rm -f "$dest"
	strip -s -o "$dest" "$program" 2>/dev/null || cp "$program" "$dest"
done
rm -f "$root/usr/bin/linuxrc" "$root/usr/bin/init"
ln -s /init "$root/usr/sbin/init"

cat > "$root/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
user:x:1000:1000:user:/tmp:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
END
cat > "$root/etc/group" <<'END'
root:x:0:
daemon:x:1:
tty:x:5:
user:x:1000:
nogroup:x:65534:
END
echo 'root::0:0:99999:7:::' > "$root/etc/shadow"
echo '/bin/sh' > "$root/etc/shells"
echo 'cutaway' > "$root/etc/hostname"
echo '127.0.0.1 localhost cutaway' > "$root/etc/hosts"
cat > "$root/etc/profile" <<'END'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PS1='\[\033[1;32m\]\u@\h\[\033[0m\]:\[\033[1;34m\]\w\[\033[0m\]\$ '
case $(readlink /proc/$$/exe) in
*dash) PS1='root@cutaway:$PWD# ' ;;	# has no words for user and host
esac
export HISTFILE="$HOME/.ash_history" HISTSIZE=500
export PAGER=less EDITOR=vi
alias ls='ls --color=auto' ll='ls -l' l='ls -la'
for script in /etc/profile.d/*.sh; do
	[ -r "$script" ] && . "$script"
done
unset script
END

for extra; do
	cp -a "$extra/." "$root/"
done

# Sorted, so that the same tree gives the same archive; the times too are
# fixed when SOURCE_DATE_EPOCH says so.
[ -z "${SOURCE_DATE_EPOCH:-}" ] ||
	find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
mkdir -p "$(dirname "$out")"
out=$(realpath "$out")
(cd "$root" && find . ! -name . | LC_ALL=C sort |
	cpio -o -H newc --owner 0:0 --reproducible --quiet) > "$out.tmp"
mv "$out.tmp" "$out"
