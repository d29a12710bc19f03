/*
 * Identity, limits and the machine: small system calls that have no room of their own.
 * Process groups and sessions follow POSIX (setpgid, setsid), checked in Linux's order.
 * In Linux: kernel/sys.c, arch/x86/kernel/process_64.c (arch_prctl), kernel/reboot.c.
 */
#include "err.h"
#include "string.h"
#include "asm/uaccess.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "uapi/prctl.h"
#include "uapi/utsname.h"

/* ---- who am I ---- */

long sys_getpid(void) { return current->tgid; }
long sys_gettid(void) { return current->pid; }
long sys_getpgrp(void) { return current->signal->pgrp; }
long sys_getppid(void) { return READ_ONCE(current->ppid); }

static long get_group(pid_t pid, bool session)
{
	long ret = -ESRCH;
	spin_lock_irq(&tasklist_lock);
	struct task_struct *p = pid ? find_task_by_pid(pid) : current;
	if (p)
		ret = session ? p->signal->session : p->signal->pgrp;
	spin_unlock_irq(&tasklist_lock);
	return ret;
}

long sys_getpgid(pid_t pid) { return get_group(pid, false); }
long sys_getsid(pid_t pid) { return get_group(pid, true); }

/* => tasklist_lock */
static int may_setpgid(const struct task_struct *p, pid_t pgid)
{
	const struct task_struct *me = current->group_leader;
	struct task_struct *member;
	if (!p)
		return -ESRCH;
	if (p != p->group_leader)
		return -EINVAL;
	if (p->real_parent->group_leader == me) {	/* a child, until it execs */
		if (p->signal->session != me->signal->session)
			return -EPERM;
		if (!(p->flags & PF_FORKNOEXEC))
			return -EACCES;
	} else if (p != me) {
		return -ESRCH;
	}
	if (p->signal->leader)
		return -EPERM;
	if (pgid == p->pid)
		return 0;
	for_each_in_pgrp(member, pgid)
		return member->signal->session == me->signal->session ? 0 : -EPERM;
	return -EPERM;
}

long sys_setpgid(pid_t pid, pid_t pgid)
{
	if (!pid)
		pid = current->tgid;
	if (!pgid)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	spin_lock_irq(&tasklist_lock);
	struct task_struct *p = find_task_by_pid(pid);
	int err = may_setpgid(p, pgid);
	if (!err && p->signal->pgrp != pgid)
		change_pgrp(p, pgid);
	spin_unlock_irq(&tasklist_lock);
	return err;
}

long sys_setsid(void)
{
	struct task_struct *p = current->group_leader;
	long ret = -EPERM;
	spin_lock_irq(&tasklist_lock);
	if (!p->signal->leader && !pgrp_exists(p->pid, 0)) {
		change_session(p, p->pid);
		change_pgrp(p, p->pid);
		p->signal->leader = true;
		p->signal->tty = NULL;
		ret = p->pid;
	}
	spin_unlock_irq(&tasklist_lock);
	return ret;
}

/* ---- names of the machine ---- */

char utsname_node[65] = "(none)", utsname_domain[65] = "(none)";
static DEFINE_MUTEX(uts_mutex, RANK_MISC_MUTEX);

long sys_newuname(struct new_utsname __user *name)
{
	struct new_utsname u = { .sysname = UTS_SYSNAME, .release = UTS_RELEASE, .version = UTS_VERSION, .machine = "x86_64" };
	mutex_lock(&uts_mutex);
	memcpy(u.nodename, utsname_node, sizeof(u.nodename));
	memcpy(u.domainname, utsname_domain, sizeof(u.domainname));
	mutex_unlock(&uts_mutex);
	return copy_to_user(name, &u, sizeof(u)) ? -EFAULT : 0;
}

static long set_uts(char *where, const char __user *name, int len)
{
	char buf[65] = { 0 };
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > 64)
		return -EINVAL;
	if (copy_from_user(buf, name, len))
		return -EFAULT;
	mutex_lock(&uts_mutex);
	memcpy(where, buf, sizeof(buf));
	mutex_unlock(&uts_mutex);
	return 0;
}

long sys_sethostname(char __user *name, int len) { return set_uts(utsname_node, name, len); }
long sys_setdomainname(char __user *name, int len) { return set_uts(utsname_domain, name, len); }

/* ---- limits and usage ---- */

#define NR_OPEN_MAX 1048576

static int set_rlimit(struct signal_struct *sig, unsigned resource, const struct rlimit *new)
{
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE && new->rlim_max > NR_OPEN_MAX)
		return -EPERM;
	if (new->rlim_max > sig->rlim[resource].rlim_max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	sig->rlim[resource] = *new;
	return 0;
}

static bool may_prlimit(const struct task_struct *p)
{
	const struct cred *c = current->cred, *t = p->cred;
	if (p == current || capable(CAP_SYS_RESOURCE))
		return true;
	return c->uid == t->euid && c->uid == t->suid && c->uid == t->uid && c->gid == t->egid && c->gid == t->sgid && c->gid == t->gid;
}

static int do_prlimit(pid_t pid, unsigned resource, const struct rlimit *new, struct rlimit *old)
{
	int err = 0;
	spin_lock_irq(&tasklist_lock);
	struct task_struct *p = pid ? find_task_by_pid(pid) : current;
	if (!p)
		err = -ESRCH;
	else if (!may_prlimit(p))
		err = -EPERM;
	else if (resource >= RLIM_NLIMITS)
		err = -EINVAL;
	else {
		*old = p->signal->rlim[resource];
		if (new)
			err = set_rlimit(p->signal, resource, new);
	}
	spin_unlock_irq(&tasklist_lock);
	return err;
}

long sys_prlimit64(pid_t pid, unsigned resource, const struct rlimit __user *new_rlim, struct rlimit __user *old_rlim)
{
	struct rlimit new, old;
	if (new_rlim && copy_from_user(&new, new_rlim, sizeof(new)))
		return -EFAULT;
	int err = do_prlimit(pid, resource, new_rlim ? &new : NULL, &old);
	if (!err && old_rlim && copy_to_user(old_rlim, &old, sizeof(old)))
		err = -EFAULT;
	return err;
}

long sys_getrlimit(unsigned resource, struct rlimit __user *rlim)
{
	struct rlimit old;
	int err = do_prlimit(0, resource, NULL, &old);
	return err ? err : copy_to_user(rlim, &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_setrlimit(unsigned resource, struct rlimit __user *rlim)
{
	struct rlimit new, old;
	return copy_from_user(&new, rlim, sizeof(new)) ? -EFAULT : do_prlimit(0, resource, &new, &old);
}

long sys_getrusage(int who, struct rusage __user *ru)
{
	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)	/* a thread is its process */
		return -EINVAL;
	struct rusage r = getrusage_of(current, who);
	return copy_to_user(ru, &r, sizeof(r)) ? -EFAULT : 0;
}

long sys_sysinfo(struct sysinfo __user *info)
{
	struct sysinfo s = {
		.uptime = DIV_ROUND_UP(ktime_get(), NSEC_PER_SEC),
		.totalram = totalram_pages * PAGE_SIZE, .freeram = nr_free_pages() * PAGE_SIZE,
		.sharedram = global_page_state(NR_SHMEM) * PAGE_SIZE,
		.procs = atomic_long_read(&nr_tasks), .mem_unit = 1,
	};

	for (int i = 0; i < 3; i++)
		s.loads[i] = avenrun[i] << (16 - 11);
	return copy_to_user(info, &s, sizeof(s)) ? -EFAULT : 0;
}

/* ---- prctl ---- */

/* KEEPCAPS or NO_NEW_PRIVS */
static long set_cred_flag(int option, bool value)
{
	struct cred *new = prepare_creds();
	if (!new)
		return -ENOMEM;
	*(option == PR_SET_KEEPCAPS ? &new->keep_caps : &new->no_new_privs) = value;
	commit_creds(new);
	return 0;
}

static long set_name(const char __user *name)
{
	char comm[sizeof(current->comm)] = { 0 };
	if (strncpy_from_user(comm, name, sizeof(comm) - 1) < 0)
		return -EFAULT;
	memcpy(current->comm, comm, sizeof(comm));
	return 0;
}

long sys_prctl(int option, u64 arg2, u64 arg3, u64 arg4, u64 arg5)
{
	int __user *to = (int *)arg2;
	switch (option) {
	case PR_SET_PDEATHSIG:
		if (arg2 > _NSIG)
			return -EINVAL;
		current->pdeath_signal = arg2;
		return 0;
	case PR_GET_PDEATHSIG: return put_user(current->pdeath_signal, to);
	case PR_GET_DUMPABLE: return current->mm->dumpable;
	case PR_SET_DUMPABLE:
		if (arg2 > 1)
			return -EINVAL;
		current->mm->dumpable = arg2;
		return 0;
	case PR_GET_KEEPCAPS: return current->cred->keep_caps;
	case PR_SET_KEEPCAPS: return arg2 > 1 ? -EINVAL : set_cred_flag(option, arg2);
	case PR_GET_SECUREBITS: return current->cred->keep_caps << 4;	/* the one of them that there is */
	case PR_CAPBSET_READ: return arg2 > CAP_LAST_CAP ? -EINVAL : 1;
	case PR_SET_NAME: return set_name((char *)arg2);
	case PR_GET_NAME: return copy_to_user(to, current->comm, sizeof(current->comm)) ? -EFAULT : 0;
	case PR_SET_CHILD_SUBREAPER:
		current->signal->is_child_subreaper = arg2;
		return 0;
	case PR_GET_CHILD_SUBREAPER: return put_user((int)current->signal->is_child_subreaper, to);
	case PR_SET_NO_NEW_PRIVS: return arg2 != 1 || arg3 || arg4 || arg5 ? -EINVAL : set_cred_flag(option, true);
	case PR_GET_NO_NEW_PRIVS: return arg2 || arg3 || arg4 || arg5 ? -EINVAL : current->cred->no_new_privs;
	default: return -EINVAL;
	}
}

/* ---- the processor and the machine ---- */

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

/* The user's gs base waits in KERNEL_GS_BASE while the kernel runs. The MSRs are the truth until the next switch. */
long sys_arch_prctl(int code, u64 addr)
{
	u32 msr = code == ARCH_SET_GS || code == ARCH_GET_GS ? MSR_KERNEL_GS_BASE : MSR_FS_BASE;
	switch (code) {
	case ARCH_SET_GS: case ARCH_SET_FS:
		if (addr >= TASK_SIZE)
			return -EPERM;
		wrmsr(msr, addr);
		return 0;
	case ARCH_GET_GS: case ARCH_GET_FS:
		return put_user(rdmsr(msr), (u64 __user *)addr);
	default: return -EINVAL;
	}
}

long sys_personality(unsigned personality)
{
	unsigned old = current->personality;
	if (personality != 0xffffffff)
		current->personality = personality;
	return old;
}

long sys_getcpu(unsigned __user *cpup, unsigned __user *nodep, void __user *unused)
{
	if (cpup && put_user(smp_processor_id(), cpup))
		return -EFAULT;
	return nodep && put_user(0u, nodep) ? -EFAULT : 0;
}

static bool cad_off;				/* ctrl-alt-del is init's business */

/* What the keyboard calls, in its interrupt: as Linux, restart at once, or SIGINT to init. */
void ctrl_alt_del(void)
{
	if (!READ_ONCE(cad_off))
		kernel_restart();
	send_sig(SIGINT, init_process, true);
}

long sys_reboot(int magic1, int magic2, unsigned cmd, void __user *arg)
{
	char command[256];
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (magic1 != (int)LINUX_REBOOT_MAGIC1 || (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
						   magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_RESTART2:
		if (strncpy_from_user(command, arg, sizeof(command)) < 0)
			return -EFAULT;
		fallthrough;
	case LINUX_REBOOT_CMD_RESTART:
		kernel_restart();
	case LINUX_REBOOT_CMD_HALT:
		kernel_halt();
	case LINUX_REBOOT_CMD_POWER_OFF:
		kernel_power_off();
	case LINUX_REBOOT_CMD_CAD_ON: case LINUX_REBOOT_CMD_CAD_OFF:
		WRITE_ONCE(cad_off, cmd == LINUX_REBOOT_CMD_CAD_OFF);
		return 0;
	default: return -EINVAL;
	}
}

/* ---- what libc registers ---- */

#define ROBUST_LIST_HEAD_SIZE 24
#define FUTEX_WAKE	1
#define FUTEX_CMD_MASK	(~(128 | 256))		/* less FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME */

/* Restartable sequences: glibc asks at every start and does without. */
long sys_rseq(void __user *rseq, u32 len, int flags, u32 sig) { return -ENOSYS; }

/* Without threads nobody waits: glibc's pthread_once wakes whoever does, and ends the program if it can't. */
long sys_futex(u32 __user *uaddr, int op, u32 val, void __user *utime, u32 __user *uaddr2, u32 val3)
{
	if ((op & FUTEX_CMD_MASK) != FUTEX_WAKE)
		return -ENOSYS;
	return (u64)uaddr % sizeof(u32) ? -EINVAL : 0;
}

long sys_set_robust_list(void __user *head, size_t len)
{
	return len == ROBUST_LIST_HEAD_SIZE ? 0 : -EINVAL;	/* read when a thread dies that holds a futex */
}
