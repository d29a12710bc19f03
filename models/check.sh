#!/bin/sh
# check.sh: has spin look at every interleaving of the models. A model must hold, each broken variant must fail for
# the reason that its line names; a search that ends early (depth, memory) counts as failed.
# In a line: model, words for spin, words for pan, "ok" or what pan must say.
set -eu
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

check() {				# check MODEL DEFINES PAN-ARGUMENTS EXPECTED
	cp "$1.pml" "$dir" && cd "$dir"
	spin -a $2 "$1.pml" >spin.out 2>&1 || { cat spin.out; exit 1; }
	gcc -O2 -w -DMEMLIM=2048 $5 -o pan pan.c
	./pan -m1000000 $3 >pan.out 2>&1 || true
	cd - >/dev/null
	verdict="not what was expected: $4"
	if grep -q 'errors: 0$' "$dir/pan.out"; then
		[ "$4" = ok ] && ! grep -q 'max search depth too small\|Search not completed\|out of memory' "$dir/pan.out" && verdict=ok
	elif [ "$4" != ok ] && grep -q "$4" "$dir/pan.out"; then
		verdict="fails, as it must: $4"
	fi
	printf '%-8s %-16s %10s states  %s\n' "$1" "${2:--}" "$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$dir/pan.out")" "$verdict"
	case $verdict in not*) cat "$dir/pan.out"; failed=1 ;; esac
}

check wakeup ""              "-a -f" ok "-DNFAIR=3"
check wakeup -DBROKEN        "-a -f" "acceptance cycle" "-DNFAIR=3"
check wakeup -DBROKEN_STATE  "-a -f" "acceptance cycle" "-DNFAIR=3"
check tlb    ""              "" ok "-DSAFETY"
check tlb    -DN=3           "" ok "-DSAFETY -DCOLLAPSE"
check tlb    -DBROKEN_FREE   "" "assertion violated" "-DSAFETY"
check tlb    -DBROKEN_IRQS   "" "invalid end state" "-DSAFETY"
check tlb    -DBROKEN_MASK   "" "assertion violated" "-DSAFETY"
exit $failed
