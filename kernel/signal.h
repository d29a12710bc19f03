/* Between sigqueue.c, signal.c and sigcalls.c: sets of signals by what they do, and sending on a user's behalf. */
#pragma once
#include "kernel/process.h"

#define sigmask(sig) (1UL << ((sig) - 1))
#define SIG_UNBLOCKABLE (sigmask(SIGKILL) | sigmask(SIGSTOP))
#define SIG_STOP_SIGNALS (sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) | sigmask(SIGTTOU))
#define SIG_DEFAULT_IGNORE (sigmask(SIGCONT) | sigmask(SIGCHLD) | sigmask(SIGWINCH) | sigmask(SIGURG))
#define SIG_SYNCHRONOUS (sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | sigmask(SIGTRAP) | sigmask(SIGFPE) | sigmask(SIGSYS))
#define SIG_DEFAULT_CORE (SIG_SYNCHRONOUS | sigmask(SIGQUIT) | sigmask(SIGABRT) | sigmask(SIGXCPU) | sigmask(SIGXFSZ))

/* What the receiver of a signal learns when current sends it. */
static inline siginfo_t from_user(int sig, int code)
{
	return (siginfo_t){ .si_signo = sig, .si_code = code, .kill = { current->tgid, current_uid() } };
}

/* Takes pending signals of the mask away. => siglock */
void flush_pending(struct task_struct *p, sigset_t mask);
/* Would p take no notice of sig, if it came now? => siglock */
bool sig_ignored(struct task_struct *p, int sig);
/* Permission, then the signal: 0, -EINVAL, -EPERM, -ESRCH, -EAGAIN. => tasklist_lock */
int user_send_sig(int sig, siginfo_t *info, struct task_struct *p, bool group);
