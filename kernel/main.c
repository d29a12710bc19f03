/*
 * start_kernel: the kernel puts itself together, in the order in which each part needs those before it; then PID 1
 * looks for a program to become.
 *
 *   boot context = PID 0 (idle)
 *     +- kernel_init = PID 1: rest of the start, initramfs, frees __init memory, execs init
 *     +- kthreadd = PID 2: parent of every kernel thread
 *
 * In Linux: init/main.c.
 */
#include "boot_param.h"
#include "drivers/fb/fb.h"
#include "drivers/mem.h"
#include "drivers/pci.h"
#include "drivers/tty/tty.h"
#include "drivers/usb/usb.h"
#include "err.h"
#include "fs/fs.h"
#include "fs/proc/proc.h"
#include "fs/tracefs/tracefs.h"
#include "kernel/binfmts.h"
#include "kernel/irq.h"
#include "kernel/params.h"
#include "kernel/process.h"
#include "kernel/x86/x86.h"
#include "ktest.h"
#include "mm/mm.h"
#include "printk.h"
#include "smp.h"
#include "string.h"

#define LEAST_RAM (9UL << 20)		/* the kernel, and the initramfs twice: packed and unpacked */

static struct init_args init_args = { .arg = { "init" }, .env = { "HOME=/", "TERM=linux" } };

static struct completion kthreadd_done;	/* PID 2 is there: init may fork */

static void __init log_machine(void)
{
	u64 ram = 0;
	pr_notice("Linux version %s (Cutaway, a teaching kernel) %s\n", UTS_RELEASE, UTS_VERSION);
	pr_notice("Command line: %s\n", saved_command_line);
	pr_info("Loaded by %s%s\n", boot_info.loader, boot_info.efi ? " from UEFI" : "");
	pr_info("x86/cpu: %s\n", cpu_model_name);
	pr_info("BIOS-provided physical RAM map:\n");
	for (unsigned i = 0; i < boot_info.nr_regions; i++) {
		const struct mem_region *r = &boot_info.regions[i];
		pr_info("BIOS-e820: [mem 0x%016lx-0x%016lx] %s\n", r->start, r->end - 1, r->type == MEM_RAM ? "usable" : "reserved");
		ram += r->type == MEM_RAM ? r->end - r->start : 0;
	}
	ram = min(ram, param_u64("mem", 0) ?: ~0UL);
	if (ram < LEAST_RAM)
		panic("too little memory: this machine has %lu KiB, Cutaway needs %lu", ram >> 10, LEAST_RAM >> 10);
	if (init_args.too_many)
		panic("Too many boot words for init at `%s'", init_args.too_many);
}

/* Each archive over the one before; a broken one is the end, since what init would find is anybody's guess. */
static void __init unpack_all(void)
{
	if (!boot_info.nr_modules)
		panic("no initramfs: the boot loader gave no module, and there is no disk to run from");
	for (unsigned i = 0; i < boot_info.nr_modules; i++) {
		u64 start = boot_info.modules[i].start, end = boot_info.modules[i].end;
		int err = unpack_initramfs(__va(start), end - start);
		if (err)
			panic("initramfs %u of %u can't be unpacked (error %d)", i + 1, boot_info.nr_modules, err);
		free_reserved_area(start, end);
	}
}

/* Comes back only when there is no such file, or it can't be run. */
static int run_init(const char *path)
{
	init_args.arg[0] = path;
	int err = kernel_execve(path, init_args.arg, init_args.env);
	if (!err)
		pr_info("Run %s as init process\n", path);
	else if (err != -ENOENT)
		pr_err("Starting init: %s exists but couldn't execute it (error %d)\n", path, err);
	return err;
}

/* In Linux's order: rdinit= or /init, init=, then the usual places. */
static int run_any_init(void)
{
	static const char *const usual[] = { "/sbin/init", "/etc/init", "/bin/init", "/bin/sh" };
	const char *rdinit = param_get("rdinit") ? param_get("rdinit") : "/init", *init = param_get("init");
	int err = run_init(rdinit);
	if (!err)
		return 0;
	pr_err("Failed to execute %s (error %d)\n", rdinit, err);
	if (init) {
		if (!run_init(init))
			return 0;
		panic("Requested init %s failed.", init);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(usual); i++)
		if (!run_init(usual[i]))
			return 0;
	panic("No working init found. Tried %s, /sbin/init, /etc/init, /bin/init, /bin/sh.", rdinit);
}

/* init's fds 0, 1, 2. */
static void __init console_on_rootfs(void)
{
	struct file *f = filp_open("/dev/console", O_RDWR, 0);
	if (IS_ERR(f)) {
		pr_err("Warning: unable to open an initial console.\n");
		return;
	}
	for (int fd = 0; fd < 3; fd++) {
		int n = get_unused_fd_flags(0);
		BUG_ON(n != fd);
		fd_install(n, get_file(f));
	}
	fput(f);
}

static void __init kernel_init_freeable(void)
{
	smp_init();
	tty_init();
	serial_init();
	pci_init();				/* while nobody draws: it makes each device deaf for a moment */
	proc_create("bus/pci/devices", 0444, pci_devices_show);
	vt_init();
	xhci_init();				/* its keys go to the screen's terminal */
	chr_dev_init();
	unpack_all();
	console_on_rootfs();
	if (param_get("ktest")) {
		ktest_run(param_get("ktest"));
		kernel_power_off();
	}
}

static int kernel_init(void *unused)
{
	init_process = current;
	wait_for_completion(&kthreadd_done);
	kernel_init_freeable();
	pr_info("Freeing unused kernel memory: %luK\n", free_initmem());
	current->signal->flags |= SIGNAL_UNKILLABLE;
	return run_any_init();		/* ret_from_fork goes on in user mode */
}

/* Not __init: PID 1 frees that memory, perhaps while PID 0 is still here. */
static noinline void __noreturn rest_init(void)
{
	local_irq_enable();
	init_completion(&kthreadd_done);
	kernel_thread(kernel_init, NULL, CLONE_FS);	/* PID 1 */
	kernel_thread(kthreadd, NULL, CLONE_FS | CLONE_FILES);	/* PID 2 */
	complete(&kthreadd_done);
	cpu_idle();
}

void __init start_kernel(void)
{
	cpu_init(0);				/* %gs, so that current and preempt_count exist */
	this_cpu->curr = &init_task;
	params_init(boot_info.cmdline, &init_args);
	clock_early_init();
	serial_early_init();			/* from here on the log can be seen */
	fb_early_init();			/* and a panic on the screen too, in text mode */
	if (param_bool("quiet"))
		console_loglevel = 4;
	console_loglevel = param_u64("loglevel", console_loglevel);
	log_machine();
	mem_init();				/* direct map, page frames, buddy */
	kmem_cache_init();
	paging_init();				/* the kernel's own page tables, W^X; needs pages */
	fpu_init();
	sched_init();
	pid_init();
	mmap_init();				/* VMAs, the zero page */
	fork_init();
	vfs_init();				/* rootfs: needs caches and init's credentials */
	proc_init();
	tracefs_init();
	binfmt_script_init();			/* asked first */
	binfmt_elf_init();
	acpi_init();
	i8259_init();
	apic_init();
	clock_init();
	pit_init();				/* the first tick comes when interrupts are on */
	rest_init();
}
