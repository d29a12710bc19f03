# A script for bash alone: arithmetic, arrays, traps, process groups, expansion.
# Run by bash-static on the host and in the guest; both print the same.

echo "== arithmetic"
echo $(( (1 << 62) - 1 )) $(( -7 / 2 )) $(( -7 % 3 )) $(( 2 ** 40 )) $(( 0x7fffffffffffffff + 1 ))
echo $(( 16#ff + 8#77 + 2#1010 )) $(( 5 > 3 ? 10 : 20 )) $(( 1 || 0 && 0 ))
(( a = 5, b = a++ * 2, c = --a )); echo $a $b $c
for (( i = 0, j = 10; i < j; i += 3, j-- )); do echo -n "$i/$j "; done; echo
fib() { local n=$1; if (( n < 2 )); then echo $n; else echo $(( $(fib $(( n - 1 ))) + $(fib $(( n - 2 ))) )); fi; }
echo "fib 9: $(fib 9)"
sum=0; for i in {1..1000}; do (( sum += i * i )); done; echo $sum
x=123456789; while (( x )); do echo -n $(( x % 10 )); (( x /= 10 )); done; echo
printf '%d %o %x %05d %+d %s\n' 255 255 255 42 7 end
primes=(); for (( n = 2; ${#primes[@]} < 30; n++ )); do
	for p in "${primes[@]}"; do (( p * p > n )) && break; (( n % p )) || continue 2; done
	primes+=($n)
done; echo "${primes[*]}"

echo "== arrays"
arr=(zero one two [7]=seven eight)
echo "${#arr[@]} ${!arr[@]} ${arr[-1]} ${arr[@]:1:2}"
arr+=(nine); unset 'arr[1]'; echo "${!arr[*]}: ${arr[*]}"
declare -A map=([red]=1 [green]=2 [blue]=3)
map[black]=4; for k in $(printf '%s\n' "${!map[@]}" | sort); do echo -n "$k=${map[$k]} "; done; echo
copy=("${arr[@]}"); echo "${#copy[@]} ${copy[@]^^}"
matrix=(); for r in 0 1 2; do for c in 0 1 2; do matrix[r*3+c]=$(( r * c )); done; done; echo ${matrix[@]}
mapfile -t lines < <(printf 'l1\nl2\nl3\n'); echo "${#lines[@]} ${lines[2]}"
sorted=($(printf '%s\n' pear apple fig | sort)); echo ${sorted[@]}
nameref() { local -n ref=$1; ref+=(added); }; nameref copy; echo ${copy[-1]}

echo "== strings"
s="Hello, World"; echo "${s:7} ${s: -5:3} ${s/o/0} ${s//o/0} ${s#*, } ${s%,*} ${s^^} ${s,,} ${#s}"
[[ $s =~ ^([A-Z][a-z]+),\ (.*)$ ]] && echo "${BASH_REMATCH[1]}|${BASH_REMATCH[2]}"
[[ abc == a* && abc != *d ]] && echo glob
echo {a,b}{1..3} {10..0..5} ${undefined:-fallback}
printf -v padded '%-8s|' text; echo "$padded"; printf '%q\n' "a b'c"
IFS=, read -r f1 f2 f3 <<< "x,y,z"; echo "$f3$f2$f1"
echo "$(tr a-z A-Z <<< lower)"

echo "== traps"
trap 'echo "usr1 in $BASHPID" | sed "s/[0-9]\{2,\}/PID/"' USR1
kill -USR1 $$; echo after
trap 'echo err at $?' ERR; false; trap - ERR
(trap 'echo sub exit' EXIT; exit 3); echo "status $?"
trap 'echo int' INT; kill -INT $$; trap - INT
bash_pid=$$; ( sleep 0.2; kill -USR2 $bash_pid ) & trap 'echo usr2' USR2; wait $!; echo "wait gave $?"; wait
trap 'echo return' RETURN; f() { echo in f; }; f; trap - RETURN
trap 'echo debug' DEBUG; :; trap - DEBUG
trap '' TERM; kill -TERM $$; echo survived; trap - TERM

echo "== processes"
for i in 1 2 3 4 5; do ( exit $i ) & pids+=($!); done
for p in "${pids[@]}"; do wait $p; echo -n "$? "; done; echo
coproc CAT { while read -r l; do echo "co: $l"; done; }
echo hello >&"${CAT[1]}"; read -r answer <&"${CAT[0]}"; echo "$answer"; eval "exec ${CAT[1]}>&-"; wait 2>/dev/null
seq 3 | { while read n; do (( t += n )); done; echo "t=$t"; }
set -o pipefail; false | true; echo "pipefail ${PIPESTATUS[*]}"; set +o pipefail
cat <(seq 3) <(seq 4) | tr "\n" " "; echo "status $?"
exec 7<> /tmp/bash.$$; echo content >&7; exec 7>&-; cat /tmp/bash.$$; rm /tmp/bash.$$
time_out() { ( sleep 10 & k=$!; kill $k; wait $k 2>/dev/null; echo "killed $?" ); }; time_out
echo $( (ulimit -n 33; ulimit -n) ) "$(umask)"
select x in a b; do echo "chose $x"; break; done <<< 2 2>/dev/null
shopt -s nullglob extglob
cd /; echo @(proc|nowhere) nothing*; cd - > /dev/null
set -- one "two three"; echo "$#:$2"; printf '<%s>' "${@^}"; echo
declare -i n=5; n+=3; n=n*2; echo $n; declare -r RO=1; (RO=2) 2>/dev/null || echo readonly
echo "lines: $LINENO depth: $SHLVL" | sed 's/depth.*/end/'
exit 42
