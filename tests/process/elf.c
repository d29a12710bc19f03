/*
 * Program files whose headers are cut or changed at random: execve refuses them or their process dies; the kernel
 * and its memory are as before.
 */
#include "../abi.h"
#include <elf.h>
#include <stddef.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#define MUTANTS		2000
#define FILE_NAME	"./mutant"

struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	char interp[16];
	unsigned char code[16];
	char data[64];
};

/* A program of 3 instructions: exit(0). */
static struct image image(int type)
{
	static const unsigned char code[] = { 0x31, 0xff, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05 };
	unsigned long base = type == ET_EXEC ? 0x400000 : 0;
	struct image im = {
		.eh = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 }, .e_type = type, .e_machine = EM_X86_64,
			.e_version = 1, .e_entry = base + offsetof(struct image, code), .e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 4 },
		.ph = {
			{ PT_LOAD, PF_R | PF_X, 0, base, base, sizeof(im), sizeof(im), PAGE },
			{ PT_LOAD, PF_R | PF_W, 64, base + 0x2040, base + 0x2040, sizeof(im) - 64, 0x3000, PAGE },
			{ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 },
			{ PT_NOTE, PF_R, 0, 0, 0, 0, 0, 1 },
		},
		.interp = "/bin/true",
	};

	memcpy(im.code, code, sizeof(code));
	return im;
}

static unsigned limit = 30;		/* seconds of a program */

/* Runs these bytes as a program: the wait status; 0x7f00 + errno when execve refused. */
static int run(const void *bytes, size_t size)
{
	int fd = open(FILE_NAME, O_CREAT | O_TRUNC | O_WRONLY, 0755), status;
	pid_t pid;

	CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		alarm(limit);
		execl(FILE_NAME, "mutant", NULL);
		_exit(errno);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

static unsigned long seed = 12345;
static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (seed >> 33) % n;
}

static unsigned long odd_value(void)
{
	static const unsigned long v[] = { 0, 1, 2, 7, 0xfff, 0x1000, 0x1001, 0xffff, 0x10000, 0x400000, 0x7fffffff, 0xffffffff,
		0x7ffffffff000, 0x7fffffffe000, 0x800000000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffff80000000,
		0xffff888000000000, 0xfffffffffffff000, ~0UL };

	return v[rnd(sizeof(v) / sizeof(v[0]))];
}

static void mutate(struct image *im)
{
	for (int n = 1 + rnd(3); n--;) {
		Elf64_Phdr *ph = &im->ph[rnd(4)];

		switch (rnd(6)) {
		case 0:		/* one byte of the headers */
			((unsigned char *)im)[rnd(offsetof(struct image, interp))] = rnd(256);
			break;
		case 1:		/* a field of a segment */
			((unsigned long *)ph)[1 + rnd(6)] = odd_value();
			break;
		case 2:
			ph->p_type = rnd(8);
			break;
		case 3:
			im->eh.e_entry = odd_value();
			break;
		case 4:
			*ph = (Elf64_Phdr){ PT_INTERP, PF_R, offsetof(struct image, interp), 0, 0, rnd(20), 10, 1 };
			break;
		default:
			im->eh.e_phoff = odd_value();
		}
	}
}

TEST(the_models_run)
{
	struct image im = image(ET_EXEC);

	CHECK_EQ(run(&im, sizeof(im)), 0);
	im = image(ET_DYN);
	CHECK_EQ(run(&im, sizeof(im)), 0);
	unlink(FILE_NAME);
}

TEST(cut_anywhere)
{
	struct image im = image(ET_EXEC);

	for (size_t n = 0; n < sizeof(im); n += 3)
		CHECK(run(&im, n) != 0 || n > offsetof(struct image, code));
	unlink(FILE_NAME);
}

TEST(no_executable_no_run)
{
	struct image im;

	im = image(ET_REL);
	CHECK_EQ(run(&im, sizeof(im)), ENOEXEC << 8);
	im = image(ET_EXEC);
	im.eh.e_machine = EM_386;
	CHECK_EQ(run(&im, sizeof(im)), ENOEXEC << 8);
	im = image(ET_EXEC);
	im.eh.e_phentsize = 55;
	CHECK_EQ(run(&im, sizeof(im)), ENOEXEC << 8);
	im = image(ET_EXEC);
	im.eh.e_phnum = 0;
	CHECK_EQ(run(&im, sizeof(im)), ENOEXEC << 8);
	im = image(ET_EXEC);
	im.ph[3] = (Elf64_Phdr){ PT_INTERP, PF_R, offsetof(struct image, interp), 0, 0, 8, 8, 1 };
	CHECK_EQ(run(&im, sizeof(im)), ENOEXEC << 8);	/* the name does not end */
	memcpy(im.interp, "/none/at/all", 13);
	im.ph[3].p_filesz = 13;
	CHECK_EQ(run(&im, sizeof(im)), ENOENT << 8);
	unlink(FILE_NAME);
}

TEST(mutants)
{
	struct sysinfo before, after;
	struct utsname uts;
	struct image im = image(ET_EXEC);

	run(&im, sizeof(im));
	sysinfo(&before);
	limit = 2;			/* some of them never end */
	for (long i = 0, end = now_ms() + 30000; i < MUTANTS && now_ms() < end; i++) {
		im = image(i & 1 ? ET_EXEC : ET_DYN);
		mutate(&im);
		run(&im, sizeof(im));
	}
	sysinfo(&after);
	unlink(FILE_NAME);
	uname(&uts);
	if (strstr(uts.release, "cutaway"))	/* elsewhere other programs run too */
		CHECK(after.freeram + (1 << 20) > before.freeram);
}
