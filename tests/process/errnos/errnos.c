/*
 * Prints what Linux answers to some 600 calls about processes, signals and credentials, most of them wrong: each
 * pointer bad in eight ways, numbers at the edges, flags that contradict, targets that are not there, a caller
 * without rights. linux.txt is the output on Linux 6.18; test_errnos.py compares. To record anew, as root:
 *
 *	build/tests/process/errnos/errnos >tests/process/errnos/linux.txt
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L
static char *good, *readonly, *edge;	/* edge: 8 bytes before an unmapped page */
static long bad[8];

static long say(const char *what, const char *args, long r, int positive)
{
	if (r == -1)
		printf("%s(%s) = -1 %d\n", what, args, errno);
	else if (positive && r > 0)		/* a pid, an address: not the same twice */
		printf("%s(%s) > 0\n", what, args);
	else
		printf("%s(%s) = %ld\n", what, args, r);
	fflush(stdout);
	return r;
}
#define T(n, ...) ({ errno = 0; say(#n, #__VA_ARGS__, syscall(SYS_##n, ##__VA_ARGS__), 0); })
#define P(n, ...) ({ errno = 0; say(#n, #__VA_ARGS__, syscall(SYS_##n, ##__VA_ARGS__), 1); })
/* Eight times, with b the bad pointer. */
#define EACH(...) for (int i_ = 0; i_ < 8; i_++) { long b = bad[i_]; printf("%d ", i_); __VA_ARGS__; }

static void pointers(void)
{
	good = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	readonly = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	edge = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + PAGE, PAGE);
	long b[8] = { 0, 16, (long)readonly, (long)(edge + PAGE - 8), (long)(edge + PAGE), 0x7ffffffff000, 0xffff888000000000, -1 };
	memcpy(bad, b, sizeof(b));
}

static pid_t child(void (*fn)(void))
{
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		fn();
		fflush(stdout);
		_exit(0);
	}
	return pid;
}

static void asuser(void (*fn)(void))
{
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		setgroups(0, 0);
		setresgid(1000, 1000, 1000);
		setresuid(1000, 1000, 1000);
		fn();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, 0, 0);
}

static void waits(void)
{
	static const int options[] = { 0, 1, 2, 3, 4, 8, 16, 0x1000000, 0x20000000, 0x40000000, (int)0x80000000, 0x100, -1 };
	siginfo_t si;

	for (int i = 0; i < 13; i++) {
		printf("%x ", options[i]);
		T(wait4, -1, 0, options[i], 0);
		printf("%x ", options[i]);
		T(waitid, P_ALL, 0, &si, options[i], 0);
		printf("%x ", options[i]);
		T(waitid, P_ALL, 0, &si, options[i] | WEXITED, 0);
	}
	T(wait4, INT_MIN, 0, 0, 0);
	T(wait4, 999999, 0, 0, 0);
	T(wait4, -999999, 0, 0, 0);
	T(wait4, 0, 0, WNOHANG, 0);
	T(wait4, 1, 0, WNOHANG, 0);
	T(waitid, P_PID, 0, &si, WEXITED, 0);
	T(waitid, P_PID, -1, &si, WEXITED, 0);
	T(waitid, P_PGID, -1, &si, WEXITED, 0);
	T(waitid, P_PGID, 0, &si, WEXITED, 0);
	T(waitid, P_PIDFD, -1, &si, WEXITED, 0);
	T(waitid, P_PIDFD, 999, &si, WEXITED, 0);
	T(waitid, 4, 1, &si, WEXITED, 0);
	T(waitid, 4, 1, &si, WNOHANG, 0);
	EACH(if (!fork()) _exit(3); P(wait4, -1, b, 0, 0));
	EACH(if (!fork()) _exit(3); P(wait4, -1, 0, 0, b));
	EACH(if (!fork()) _exit(3); T(waitid, P_ALL, 0, b, WEXITED, 0));
	EACH(if (!fork()) _exit(3); T(waitid, P_ALL, 0, 0, WEXITED, b));
	EACH(T(waitid, P_ALL, 0, b, WEXITED, b));
	memset(&si, 0x55, sizeof(si));
	T(waitid, P_ALL, 0, &si, WEXITED, 0);
	printf("si %x %x %x %x %x\n", si.si_signo, si.si_code, si.si_pid, si.si_uid, si.si_status);
}

static void clones(void)
{
	static const unsigned long flags[] = { CLONE_SIGHAND, CLONE_THREAD, CLONE_THREAD | CLONE_SIGHAND, CLONE_NEWNS | CLONE_FS,
		CLONE_NEWUSER | CLONE_FS, CLONE_PIDFD | CLONE_PARENT_SETTID, CLONE_PIDFD | CLONE_DETACHED };

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		printf("%lx ", flags[i]);
		T(clone, flags[i] | SIGCHLD, 0, 0, 0, 0);
	}
	T(clone, CLONE_SETTLS | SIGCHLD, 0, 0, 0, 0x800000000000);
	T(set_robust_list, good, 23);
	T(set_robust_list, good, 24);
	T(set_robust_list, -1, 24);
	T(set_robust_list, 0, 24);
}

static void execs(void)
{
	char *argv[] = { "x", 0 }, *none[] = { 0 };
	char *long_arg = malloc(200000);
	char *args[3] = { "x", long_arg, 0 };

	EACH(T(execve, b, argv, none));
	EACH(if (b) T(execve, "/none", b, none));
	EACH(if (b) T(execve, "/none", argv, b));
	EACH(char *v[] = { "x", (char *)b, "y", 0 }; if (b) T(execve, "/none", v, none));
	memset(long_arg, 'x', 200000);
	long_arg[131072] = 0;
	T(execve, "/none", args, none);
	long_arg[131071] = 0;
	T(execve, "/none", args, none);
	memset(long_arg, 'x', 199999);
	long_arg[199999] = 0;
	T(execve, long_arg, argv, none);
	T(execve, "", argv, none);
	T(execve, "/", argv, none);
	T(execve, "/dev/null", argv, none);
	T(execve, "/dev/null/x", argv, none);
	T(execveat, -1, "x", argv, none, 0);
	T(execveat, -1, "/none", argv, none, 0);
	T(execveat, AT_FDCWD, "", argv, none, 0);
	T(execveat, AT_FDCWD, "", argv, none, AT_EMPTY_PATH);
	T(execveat, AT_FDCWD, "/none", argv, none, 1);
	T(execveat, -1, "", argv, none, AT_EMPTY_PATH);
	T(execveat, 0, "x", argv, none, 0);
	static const char *const text[] = { "", "#!", "#!\n", "#! \n", "#!/none\n", "#!/none", "\177ELF", "text", "#!/dev/null\n", "#!/\n" };
	for (unsigned i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		int fd = open("/tmp/prog", O_CREAT | O_TRUNC | O_WRONLY, 0755);
		write(fd, text[i], strlen(text[i]));
		printf("%u ", i);
		T(execve, "/tmp/prog", argv, none);	/* open for writing */
		close(fd);
		printf("%u ", i);
		T(execve, "/tmp/prog", argv, none);
	}
	chmod("/tmp/prog", 0644);
	T(execve, "/tmp/prog", argv, none);
	unlink("/tmp/prog");
	free(long_arg);
}

static void signals(void)
{
	static const int sigs[] = { 0, 1, 9, 17, 19, 31, 32, 33, 64, 65, 66, -1, INT_MIN, INT_MAX };
	struct { void *h; unsigned long f; void *r; unsigned long m; } sa = { SIG_IGN, -1UL, 0, -1UL }, old;
	struct { void *sp; int flags; size_t size; } ss = { good, 0, PAGE };
	struct { long s, n; } ts = { 0, 0 };
	unsigned long set = 0;

	for (unsigned i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		printf("%d ", sigs[i]);
		T(rt_sigaction, sigs[i], 0, &old, 8);
		printf("%d ", sigs[i]);
		T(rt_sigaction, sigs[i], &sa, 0, 8);
		printf("%d ", sigs[i]);
		T(kill, 999999, sigs[i]);
		printf("%d ", sigs[i]);
		T(tkill, 999999, sigs[i]);
		if (sigs[i] > 64 || sigs[i] <= 0) {
			printf("%d ", sigs[i]);
			T(kill, getpid(), sigs[i]);
			printf("%d ", sigs[i]);
			T(tgkill, getpid(), getpid(), sigs[i]);
			printf("%d ", sigs[i]);
			T(rt_sigqueueinfo, getpid(), sigs[i], good);
		}
	}
	sa.h = SIG_DFL;
	for (int i = 1; i < 65; i++)
		syscall(SYS_rt_sigaction, i, &sa, 0, 8);
	T(rt_sigaction, 10, 0, &old, 8);
	printf("flags %lx mask %lx\n", old.f, old.m);
	for (int n = 0; n < 20; n += 4) {
		printf("size %d ", n);
		T(rt_sigaction, 10, 0, 0, n);
		T(rt_sigprocmask, 0, 0, 0, n);
		T(rt_sigpending, good, n);
		T(rt_sigtimedwait, &set, 0, &ts, n);
		if (n != 8)
			T(rt_sigsuspend, &set, n);
	}
	EACH(T(rt_sigaction, 10, b, 0, 8));
	EACH(T(rt_sigaction, 10, 0, b, 8));
	EACH(T(rt_sigaction, 99, b, b, 8));
	EACH(T(rt_sigprocmask, SIG_SETMASK, b, 0, 8); syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, 0, 8));
	EACH(T(rt_sigprocmask, SIG_SETMASK, 0, b, 8));
	EACH(T(rt_sigpending, b, 8));
	EACH(T(rt_sigtimedwait, b, 0, &ts, 8));
	EACH(T(rt_sigtimedwait, &set, 0, b, 7));
	EACH(if (b) T(rt_sigtimedwait, &set, 0, b == bad[2] || b == bad[3] ? 16 : b, 8));
	EACH(T(rt_sigqueueinfo, 1, 10, b));
	for (int how = -1; how < 5; how++) {
		printf("how %d ", how);
		T(rt_sigprocmask, how, &set, 0, 8);
		T(rt_sigprocmask, how, 0, 0, 8);
	}
	static const struct { long s, n; } times[] = { { -1, 0 }, { 0, -1 }, { 0, 1000000000 }, { 0, 999999999 - 999999998 }, { 0, LONG_MIN } };
	for (int i = 0; i < 5; i++)
		T(rt_sigtimedwait, &set, 0, &times[i], 8);
	T(tkill, 0, 10); T(tkill, -1, 10); T(tgkill, 0, 1, 10); T(tgkill, 1, 0, 10); T(tgkill, -1, -1, 0);
	T(tgkill, getpid(), 1, 0); T(tgkill, 1, getpid(), 0); T(kill, INT_MIN, 0); T(kill, -999999, 0); T(kill, 0, 0);
	static const int codes[] = { 0, 1, SI_TKILL, SI_QUEUE, SI_KERNEL, -3 };
	for (int i = 0; i < 6; i++) {
		siginfo_t si = { .si_code = codes[i] };
		printf("code %d ", codes[i]);
		T(rt_sigqueueinfo, 1, 0, &si);
		T(rt_sigqueueinfo, getpid(), 0, &si);
	}
	static const struct { int flags; size_t size; } stacks[] = { { 0, 2047 }, { 0, 2048 }, { 1, 4096 }, { 2, 0 }, { 3, 4096 }, { 4, 4096 },
		{ (int)0x80000000, 4096 }, { (int)0x80000002, 0 }, { (int)0x80000001, 1 }, { 0, -1UL }, { 2, 0 } };
	for (int i = 0; i < 11; i++) {
		ss.flags = stacks[i].flags;
		ss.size = stacks[i].size;
		printf("%x %lx ", ss.flags, ss.size);
		T(sigaltstack, &ss, 0);
		T(sigaltstack, 0, &ss);
		printf("-> %x %lx\n", ss.flags, ss.size);
		ss.sp = good;
	}
	EACH(T(sigaltstack, b, 0));
	EACH(T(sigaltstack, 0, b));
	T(restart_syscall);
}

static void ids(void)
{
	unsigned r, e, s;
	int groups[3] = { 7, 5, 6 }, many[70] = { 0 };

#define IDS getresuid(&r, &e, &s), printf("ids %d %d %d ", r, e, s), getresgid(&r, &e, &s), printf("%d %d %d\n", r, e, s)
	IDS;
	T(setuid, -1); T(setgid, -1); T(setreuid, -1, -1); T(setregid, -1, -1); T(setresuid, -1, -1, -1); T(setresgid, -1, -1, -1);
	T(setuid, 1); IDS; T(setgid, 1); IDS; T(setreuid, 1, 2); T(setreuid, 2, 1); IDS; T(setreuid, -1, 1000); IDS;
	T(setreuid, 1000, -1); IDS; T(setregid, 1000, 7); T(setregid, 1000, 1000); IDS; T(setresuid, 1000, -1, 1000); IDS;
	T(setresuid, -1, 5, -1); T(setresuid, 5, -1, -1); T(setresuid, -1, -1, 5); T(setresgid, 5, -1, -1); T(setresgid, -1, -1, 5);
	T(setuid, 0); T(setuid, 1000); T(setgid, 0); T(setgid, 1000);
	T(setgroups, 0, 0); T(setgroups, 3, groups); T(setgroups, -1, 0);
	T(getgroups, -1, 0); T(getgroups, 0, 0); T(getgroups, 1, many); T(getgroups, 0, -1);
	EACH(T(getresuid, b, &e, &s)); EACH(T(getresuid, &r, b, &s)); EACH(T(getresgid, &r, &e, b));
}

static void rootids(void)
{
	int groups[3] = { 7, 5, 6 }, back[70];

	T(setgroups, -1, 0); T(setgroups, 65537, groups); EACH(T(setgroups, 3, b)); T(setgroups, 0, -1);
	T(setgroups, 3, groups); T(getgroups, 2, back); T(getgroups, 3, back);
	printf("groups %d %d %d\n", back[0], back[1], back[2]);
	EACH(T(getgroups, 3, b));
	groups[1] = -1;
	T(setgroups, 3, groups);
	T(setresuid, 1, 2, 3); T(setuid, 3); T(setuid, 0); T(setreuid, 3, 1); T(setreuid, 3, 2);
}

static void rootids2(void)
{
	unsigned r, e, s;
	T(setreuid, 5, -1); IDS; T(setreuid, -1, 6); IDS; T(setreuid, 0, 0); T(setreuid, 6, 5); IDS; T(setresuid, 0, 0, 0);
}

static void caps(void)
{
	struct { unsigned v; int pid; } h = { 0x20080522, 0 };
	struct { unsigned e, p, i; } d[2] = { { 0 } };

	T(capget, &h, d); T(capget, &h, 0); h.v = 1; T(capget, &h, 0); printf("v %x\n", h.v); h.v = 1; T(capget, &h, d); h.v = 1; T(capset, &h, d);
	h.v = 0x19980330; T(capget, &h, d); h.v = 0x20071026; T(capget, &h, d); h.pid = -1; T(capget, &h, d); h.pid = 999999; T(capget, &h, d);
	T(capset, &h, d); h.pid = 0; h.v = 0x20080522;
	EACH(T(capget, b, d)); EACH(T(capget, &h, b)); EACH(T(capset, b, d)); EACH(T(capset, &h, b == bad[2] || b == bad[3] ? 16 : b));
	syscall(SYS_capget, &h, d); d[0].i = 1; T(capset, &h, d); d[0].e &= ~1; T(capset, &h, d); d[0].p &= ~1; T(capset, &h, d); d[0].e |= 1; T(capset, &h, d);
	d[0].p |= 1; T(capset, &h, d);
}

static void groups_and_sessions(void)
{
	T(getpgid, -1); T(getpgid, 999999); T(getsid, -1); T(getsid, 999999); P(getpgid, 0); P(getsid, 0);
	T(setpgid, -1, 0); T(setpgid, 0, -1); T(setpgid, 999999, 0); T(setpgid, 0, 999999); T(setpgid, 1, 1); T(setpgid, 0, 1);
	T(setpgid, 0, 0); T(setpgid, 0, 0); P(setsid); T(setsid); T(setpgid, 0, 0); T(setpgid, 0, getppid());
	int p[2];
	pipe(p);
	pid_t pid = fork();
	if (!pid) { char c; close(p[1]); read(p[0], &c, 1); _exit(0); }
	T(setpgid, pid, 1); T(setpgid, pid, pid); T(setpgid, pid, getpid()); T(setpgid, pid, 0);
	close(p[1]);
	waitpid(pid, 0, 0);
	T(setpgid, pid, pid);
}

static void become_leader(void)
{
	T(setpgid, 0, 0);
	T(setsid);		/* a group leader may not */
}

static void limits(void)
{
	struct rlimit r = { 5, 4 };

	for (int i = -1; i < 18; i++) { printf("%d ", i); T(getrlimit, i, good); }
	T(setrlimit, 3, &r); T(setrlimit, 16, &r); T(prlimit64, 0, 16, 0, 0); T(prlimit64, 999999, 3, 0, good); T(prlimit64, 999999, 99, 0, good);
	T(prlimit64, -1, 3, 0, good); T(prlimit64, 0, 3, &r, 0); T(prlimit64, 0, 3, 0, 0); T(prlimit64, 1, 3, 0, good);
	EACH(T(getrlimit, 3, b)); EACH(T(setrlimit, 3, b == bad[2] || b == bad[3] ? 16 : b)); EACH(if (b) T(prlimit64, 0, 3, 0, b)); EACH(T(prlimit64, 99999, 99, b ? 16 : 0, b));
	r.rlim_cur = 10; r.rlim_max = 2000000;
	T(setrlimit, RLIMIT_NOFILE, &r);
	for (int i = -4; i < 4; i++) { printf("%d ", i); T(getrusage, i, good); }
	EACH(T(getrusage, 0, b)); EACH(T(getrusage, 9, b)); EACH(T(sysinfo, b)); EACH(T(uname, b)); EACH(if (b) T(getcpu, b, 0, 0)); EACH(if (b) T(getcpu, 0, b, 0));
	T(sethostname, "x", -1); T(sethostname, "x", 65); EACH(T(sethostname, b == bad[2] ? 16 : b, 9)); T(setdomainname, "x", -1); T(setdomainname, 16, 65);
}

static void user_limits(void)
{
	struct rlimit r = { 10, 10 };

	T(sethostname, "x", 1); T(sethostname, 16, -1); T(setdomainname, "x", 1); T(reboot, 0, 0, 0, 0); T(prlimit64, 1, 3, 0, good); T(prlimit64, 1, 99, 0, good);
	T(setrlimit, 0, &r); r.rlim_max = 11; T(setrlimit, 0, &r); r.rlim_cur = 11; T(setrlimit, 0, &r); T(kill, 1, 0); T(kill, 1, 99); T(kill, 1, 18); T(tkill, 1, 0);
	P(getsid, 1); P(getpgid, 1); T(capget, &(struct { unsigned v; int p; }){ 0x20080522, 1 }, good);
}

static void prctls(void)
{
	static const int ops[] = { 1, 2, 3, 4, 7, 8, 15, 16, 23, 36, 37, 38, 39, 0, -1, 9999 };
	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		static const long args[] = { 0, 1, 2, 65, -1, 41, 63 };
		for (int a = 0; a < 7; a++) {
			if ((ops[i] == 38 && args[a] == 1) || (ops[i] == 4 && !args[a]) || ops[i] == 15)
				continue;
			printf("%d %ld ", ops[i], args[a]);
			T(prctl, ops[i], args[a], 0, 0, 0);
		}
		printf("%d ", ops[i]);
		if (ops[i] >= 38)
			T(prctl, ops[i], 0, 1, 0, 0);
	}
	EACH(T(prctl, 15, b, 0, 0, 0)); EACH(T(prctl, 16, b, 0, 0, 0)); EACH(T(prctl, 2, b, 0, 0, 0)); EACH(T(prctl, 37, b, 0, 0, 0));
	T(prctl, 15, "a name that is too long", 0, 0, 0); T(prctl, 16, good, 0, 0, 0); printf("%s\n", good);
	T(prctl, 38, 1, 1, 0, 0); T(prctl, 38, 1, 0, 0, 0); T(prctl, 39, 0, 0, 0, 0); T(prctl, 38, 0, 0, 0, 0);
	T(arch_prctl, 0, 0); T(arch_prctl, 0x1001, 0x7ffffffff000); T(arch_prctl, 0x1002, -1); T(arch_prctl, 0x1001, 0x1000); T(arch_prctl, 0x1004, good);
	T(arch_prctl, 0x3001, good); T(arch_prctl, 0x5001, 1); EACH(T(arch_prctl, 0x1003, b)); EACH(T(arch_prctl, 0x1004, b));
	T(personality, 0xffffffff); T(personality, 0); T(reboot, 0, 0, 0, 0); T(reboot, 0xfee1dead, 1, 0, 0); T(reboot, 0xfee1dead, 672274793, 7, 0);
	P(set_tid_address, 0);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	pointers();
	void (*const parts[])(void) = { waits, clones, execs, signals, rootids, rootids2, caps, groups_and_sessions, become_leader, limits, prctls };
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int status;
		printf("-- part %u\n", i);
		waitpid(child(parts[i]), &status, 0);
		printf("status %x\n", status);
	}
	asuser(ids);
	asuser(user_limits);
	asuser(groups_and_sessions);
	asuser(caps);
	return 0;
}
