#!/bin/sh
# `nm -n` on standard input -> the kernel's symbol table in nasm, sorted by address.
# Layout in include/kallsyms.h.  With no input: an empty table.
exec awk '
BEGIN { print "section .rodata\nglobal kallsyms_table, kallsyms_names, kallsyms_nr\nalign 8\nkallsyms_table:" }
$1 ~ /^ffffffff/ && $2 ~ /^[tT]$/ && $3 !~ /^(_text|_etext|_sinittext|_einittext|\.|\$)/ && $1 != last {
	last = $1
	printf "\tdd 0x%s, %d\n", substr($1, 9), at
	at += length($3) + 1
	names[n++] = $3
}
END {
	print "kallsyms_nr: dd " n + 0
	print "kallsyms_names:"
	for (i = 0; i < n; i++) print "\tdb \"" names[i] "\", 0"
}' "$@"
