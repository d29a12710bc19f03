/*
 * ring: what user mode (ring 3) may not do.
 *
 * Each line is tried by a child.  The processor refuses with an exception
 * (#GP, #PF or #UD), the kernel makes a signal of it, and nothing else
 * happens: the kernel lives, so do we.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KERNEL_IMAGE	0xffffffff80000000UL
#define DIRECT_MAP	0xffff888000000000UL

static void do_cli(void)	{ asm volatile("cli"); }
static void do_hlt(void)	{ asm volatile("hlt"); }
static void do_in(void)		{ asm volatile("inb $0x60, %%al" ::: "eax"); }
static void do_out(void)	{ asm volatile("outb %%al, $0x21" :: "a"(0xff)); }
static void read_cr3(void)	{ asm volatile("mov %%cr3, %%rax" ::: "rax"); }
static void write_cr0(void)	{ asm volatile("mov %0, %%cr0" :: "r"(0UL)); }
static void do_rdmsr(void)	{ asm volatile("rdmsr" :: "c"(0xc0000080) : "eax", "edx"); }
static void do_invlpg(void)	{ asm volatile("invlpg (%0)" :: "r"(0x1000UL)); }
static void do_iret(void)	{ asm volatile("push $0x10; push $0; pushf; push $0x08; push $0; iretq"); }
static void int_0x20(void)	{ asm volatile("int $0x20"); }
static void do_ud2(void)	{ asm volatile("ud2"); }

static void do_lgdt(void)
{
	struct { uint16_t limit; uint64_t base; } __attribute__((packed)) gdt = { 0, 0 };

	asm volatile("lgdt %0" :: "m"(gdt));
}

static void read_kernel(void)	{ *(volatile char *)KERNEL_IMAGE; }
static void write_kernel(void)	{ *(volatile char *)KERNEL_IMAGE = 0; }
static void read_memory(void)	{ *(volatile char *)DIRECT_MAP; }
static void jump_kernel(void)	{ ((void (*)(void))KERNEL_IMAGE)(); }
static void read_null(void)	{ *(volatile char *volatile *)NULL; }
static void write_text(void)	{ *(volatile char *)(uintptr_t)write_text = 0; }
static void odd_address(void)	{ *(volatile char *)0x800000000000UL; }

static void run_data(void)
{
	static char ret[] = { '\xc3' };

	((void (*)(void))(uintptr_t)ret)();
}

static const struct {
	const char *what;
	void (*run)(void);
} tries[] = {
	{ "cli: switch interrupts off", do_cli },
	{ "hlt: stop the processor", do_hlt },
	{ "in: read the keyboard's port", do_in },
	{ "out: mask the timer", do_out },
	{ "mov %cr3: where are page tables?", read_cr3 },
	{ "mov to %cr0: paging off", write_cr0 },
	{ "rdmsr: read EFER", do_rdmsr },
	{ "lgdt: own segments", do_lgdt },
	{ "invlpg: flush the TLB", do_invlpg },
	{ "iretq to ring 0", do_iret },
	{ "int 0x20: play the timer", int_0x20 },
	{ "ud2: no such instruction", do_ud2 },
	{ "read the kernel's image", read_kernel },
	{ "write the kernel's image", write_kernel },
	{ "read all memory's map", read_memory },
	{ "jump into the kernel", jump_kernel },
	{ "read address 0", read_null },
	{ "write our own text", write_text },
	{ "run our own data", run_data },
	{ "read a non-canonical address", odd_address },
};

int main(void)
{
	int allowed = 0;

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		int status = 0;
		pid_t pid = fork();

		if (!pid) {
			tries[i].run();
			_exit(0);
		}
		waitpid(pid, &status, 0);
		allowed += !WIFSIGNALED(status);
		printf("%-34s %s\n", tries[i].what, WIFSIGNALED(status) ?
		       strsignal(WTERMSIG(status)) : "ALLOWED");
	}
	printf("%s\n", allowed ? "The wall has a hole." : "All refused.");
	return allowed != 0;
}
