/*
 * Formats of programs. exec asks each in turn; the first that does not say -ENOEXEC decides.
 * In Linux: include/linux/binfmts.h, fs/exec.c.
 */
#pragma once
#include "fs/fs.h"
#include "kernel/process.h"
#include "uapi/personality.h"

#define BINPRM_BUF_SIZE 256
#define MAX_ARG_STRLEN (PAGE_SIZE * 32)
#define STACK_LIMIT (8UL << 20)		/* RLIMIT_STACK as it usually is */
struct linux_binprm {
	char buf[BINPRM_BUF_SIZE];	/* start of the file, zero filled */
	struct file *file;
	const char *filename;		/* as given */
	const char *interp;		/* what really runs: differs for scripts */
	char *interp_alloc;		/* kmalloc'd interp, or NULL */
	int argc, envc;
	struct mm_struct *mm;		/* built beside the old one */
	struct vm_area_struct *vma;	/* stack */
	u64 p;				/* top of the strings copied so far, address in the new stack */
	u64 argmin;			/* p may not come below: limit on the strings */
	struct page *arg_page;		/* of the new stack, the one written last; NULL */
	u64 arg_page_pos;
	char *fd_path;			/* kmalloc'd filename for execveat, or NULL */
	bool fd_closes;			/* the descriptor that it names is O_CLOEXEC: no interpreter will find it */
	u64 exec;			/* address of the filename string, for AT_EXECFN */
	unsigned recursion;		/* scripts of scripts: 5 at most, then -ELOOP */
	struct cred *cred;		/* new: setuid bits applied */
	bool secureexec;
	bool point_of_no_return;
	struct rlimit rlim_stack;
};
struct linux_binfmt {
	const char *name;
	int (*load_binary)(struct linux_binprm *bprm);
	struct list_head lh;
};
void register_binfmt(struct linux_binfmt *fmt);		/* at the end of the list */
/* Point of no return: old mm is left, signal handlers reset, O_CLOEXEC files closed. 0, or -errno before that point. */
int begin_new_exec(struct linux_binprm *bprm);
void setup_new_exec(struct linux_binprm *bprm);
/* Gives the stack its rights and its first 128 KiB. 0 or -errno (then the task dies). In Linux it is moved to its
 * random place here; ours is built there from the start. */
int setup_arg_pages(struct linux_binprm *bprm, bool executable_stack);
void finalize_exec(struct linux_binprm *bprm);
int bprm_change_interp(const char *interp, struct linux_binprm *bprm);
/* Looks up and opens interp as bprm->file and asks the formats again (scripts). */
int bprm_run_interpreter(struct linux_binprm *bprm, const char *interp);

/* ---- binprm.c: strings on the new stack ---- */
int bprm_mm_init(struct linux_binprm *bprm);		/* the new mm with one page of stack, its top random already; 0, -ENOMEM */
/* Filename, envp and argv below each other, within the limits. 0, -E2BIG, -EFAULT, -ERESTARTNOHAND: it is being killed */
int copy_all_strings(struct linux_binprm *bprm, struct exec_args argv, struct exec_args envp);
int copy_string_kernel(const char *s, struct linux_binprm *bprm);	/* one more; 0, -E2BIG */
int remove_arg_zero(struct linux_binprm *bprm);		/* drops argv[0], for scripts; 0, -EFAULT */
void put_arg_page(struct linux_binprm *bprm);		/* nothing is copied from here on */

/* Are the addresses of this program's memory random? No: norandmaps, or personality(2) (setarch -R, gdb). */
static inline bool bprm_randomize(void) { return randomize_va_space && !(current->personality & ADDR_NO_RANDOMIZE); }
void binfmt_elf_init(void);
void binfmt_script_init(void);
