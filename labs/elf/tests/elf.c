/* ELF: segments, bss, heap, and the stack that a program finds at its first instruction. */
#include "lab.h"
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <sys/auxv.h>

#define FILE_NAME "/tmp/program"
#define BASE 0x400000

extern const Elf64_Ehdr __ehdr_start;
static const char constant[] = "a constant";
static char initialized[3 * PAGE] = "initialized";
static char zeros[5 * PAGE];

/* ---- programs of a few instructions: exit(the byte at an address) ---- */

struct program {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
	char interp[24];
	unsigned char code[32];
	char data[64];
	char behind[PAGE];		/* no segment has this: it must not be seen */
};

static struct program program(int type)
{
	unsigned long base = type == ET_EXEC ? BASE : 0;
	struct program im = {
		.eh = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 }, .e_type = type, .e_machine = EM_X86_64,
			.e_version = 1, .e_entry = base + offsetof(struct program, code), .e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 },
		.ph = {
			{ PT_LOAD, PF_R | PF_X, 0, base, base, offsetof(struct program, data), offsetof(struct program, data), PAGE },
			{ PT_LOAD, PF_R | PF_W, offsetof(struct program, data), base + 0x2000 + offsetof(struct program, data), 0,
			  64, 0x4000, PAGE },
			{ PT_INTERP, PF_R, offsetof(struct program, interp), 0, 0, 12, 12, 1 },
		},
		.interp = "/tmp/interp",
	};

	memset(im.data, 7, 64);
	memset(im.behind, 0x55, PAGE);
	return im;
}

static void code_exit(struct program *im, unsigned char status)
{
	unsigned char code[] = { 0xbf, status, 0, 0, 0, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05 };	/* edi = status; eax = 231; syscall */

	memcpy(im->code, code, sizeof(code));
}

/* exit(the byte at base + offset), by rip; with write it is written first: 9. */
static void code_peek(struct program *im, unsigned offset, bool write)
{
	unsigned char code[32] = { 0xc6, 0x05, 0, 0, 0, 0, 9 }, *p = code + (write ? 7 : 0);
	int at = offset - offsetof(struct program, code), d;

	if (write) {
		d = at - 7;
		memcpy(code + 2, &d, 4);
	}
	p[0] = 0x0f, p[1] = 0xb6, p[2] = 0x3d;		/* movzx edi, byte [rip + d] */
	d = at - (p - code) - 7;
	memcpy(p + 3, &d, 4);
	p[7] = 0xb8, p[8] = 0xe7, p[9] = p[10] = p[11] = 0, p[12] = 0x0f, p[13] = 0x05;
	memcpy(im->code, code, sizeof(code));
}

static void put(const char *name, const void *bytes, size_t size)
{
	int fd;

	unlink(name);
	fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0755);
	CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

/* The wait status of a program of these bytes; errno << 8 when execve refuses it. */
static int run(struct program *im)
{
	int status;

	put(FILE_NAME, im, sizeof(*im));
	IN_CHILD(status, no_core(); execl(FILE_NAME, "program", NULL); _exit(errno));
	return status;
}

#define EXITS(im, n)									\
	do {										\
		int status_ = run(im);							\
		if (status_ != (n) << 8)						\
			FAIL("wait status %#x instead of exit status %d", status_, n);	\
	} while (0)

TEST(small_programs)
{
	for (int type = ET_EXEC; type <= ET_DYN; type++) {
		struct program im = program(type), interp = program(ET_DYN);

		code_exit(&im, 42);
		EXITS(&im, 42);
		code_exit(&interp, 43);		/* it runs in the program's place */
		put("/tmp/interp", &interp, sizeof(interp));
		im.eh.e_phnum = 3;
		EXITS(&im, 43);
	}
}

TEST(data_is_there)
{
	const unsigned data = 0x2000 + offsetof(struct program, data);

	for (int type = ET_EXEC; type <= ET_DYN; type++) {
		struct program im = program(type);

		code_peek(&im, data, false);
		EXITS(&im, 7);
		code_peek(&im, data + 63, false);
		EXITS(&im, 7);
		code_peek(&im, data + 63, true);
		EXITS(&im, 9);
	}
	CHECK_EQ(initialized[2], 'i');
	CHECK_EQ(initialized[3 * PAGE - 1], 0);
}

TEST(bss_is_zero)
{
	const unsigned bss = 0x2000 + offsetof(struct program, data) + 64;
	static char file[sizeof(struct program)];

	for (int type = ET_EXEC; type <= ET_DYN; type++) {
		const unsigned at[] = { bss, bss + 100, 0x2fff, 0x3000, 0x4010, bss - 64 + 0x3fff, 0x5fff };

		for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
			struct program im = program(type);

			code_peek(&im, at[i], false);
			EXITS(&im, 0);
			code_peek(&im, at[i], true);
			EXITS(&im, 9);
			int fd = open(FILE_NAME, O_RDONLY);

			CHECK_EQ(read(fd, file, sizeof(file)), sizeof(file));
			close(fd);
			if (memcmp(file, &im, sizeof(file)))
				FAIL("the program's file was changed by running it");
		}
	}
	struct program im = program(ET_EXEC);	/* nothing but bss */

	im.ph[1].p_filesz = 0;
	code_peek(&im, bss - 64, true);
	EXITS(&im, 9);
	for (unsigned i = 0; i < sizeof(zeros); i += 64)
		CHECK_EQ(zeros[i], 0);
}

/* ---- what an exec leaves: the program looks at itself, in exec_main ---- */

static char *const no_environment[] = { NULL };

static int exec_self(char *const argv[], char *const envp[])
{
	int status;

	IN_CHILD(status, execve(self_path, argv, envp); _exit(98));
	return status;
}

#define EXEC(...)								\
	do {									\
		char *argv_[] = { self_path, __VA_ARGS__, NULL };		\
		CHECK_EQ(exec_self(argv_, no_environment), 0);			\
	} while (0)

/* Where the headers are; their page must be present when the grader reads it. */
static const void *headers(void)
{
	return *(volatile const char *)&__ehdr_start ? &__ehdr_start : NULL;
}

TEST(areas)
{
	STATE("program", headers(), 0, 0);
	EXEC("@areas");
}

TEST(text_is_shared)
{
	EXEC("@text");
}

static void is_killed(void (*what)(void))
{
	CHECK_SIGNAL(SIGSEGV, what());
}

static void write_text(void) { *(volatile char *)(long)&write_text = 0xc3; }
static void write_constant(void) { *(volatile char *)(long)constant = 'A'; }
static void write_headers(void) { *(volatile char *)(long)&__ehdr_start = 1; }
static void run_data(void) { initialized[0] = (char)0xc3; ((void (*)(void))(long)initialized)(); }
static void run_bss(void) { zeros[0] = (char)0xc3; ((void (*)(void))(long)zeros)(); }

TEST(rights)
{
	initialized[100] = zeros[100] = 1;
	is_killed(write_text);
	is_killed(write_constant);
	is_killed(write_headers);
	is_killed(run_data);
	is_killed(run_bss);
}

TEST(heap)
{
	EXEC("@heap");
}

TEST(arguments)
{
	static char large[100000];
	static char *many[3002] = { NULL, "@many" };

	EXEC("@args", "one", "two", "", "four words in one");
	memset(large, 'x', sizeof(large) - 1);
	EXEC("@large", large, "end");
	many[0] = self_path;
	for (int i = 2; i < 3001; i++)
		many[i] = "y";
	CHECK_EQ(exec_self(many, no_environment), 0);
}

TEST(environment)
{
	char *argv[] = { self_path, "@env", NULL }, *envp[] = { "HOME=/nowhere", "EMPTY=", "X=1=2", NULL };

	CHECK_EQ(exec_self(argv, envp), 0);
}

TEST(stack_layout)
{
	char *argv[] = { self_path, "@stack", NULL, NULL, NULL }, *envp[] = { "A=1", "B=22", NULL };

	CHECK_EQ(exec_self(argv, envp), 0);
	argv[2] = "3";			/* one pointer more, and another: rsp is a multiple of 16 in every case */
	CHECK_EQ(exec_self(argv, envp), 0);
	argv[3] = "4444";
	CHECK_EQ(exec_self(argv, envp), 0);
	CHECK_EQ(exec_self(argv, no_environment), 0);
}

TEST(auxiliary_vector)
{
	int fds[2];
	char random[2][16], number[8];

	CHECK_OK(pipe(fds));
	snprintf(number, sizeof(number), "%d", fds[1]);
	for (int i = 0; i < 2; i++) {
		EXEC("@auxv", number);
		CHECK_EQ(read(fds[0], random[i], 16), 16);
	}
	if (!memcmp(random[0], random[1], 16))
		FAIL("AT_RANDOM has the same bytes in every program");
}

/* ---- the other side ---- */

static void look_at_arguments(int argc, char **argv)
{
	static const char *const want[] = { "@args", "one", "two", "", "four words in one" };

	CHECK_EQ(argc, 6);
	CHECK(!strcmp(argv[0], "/init"));
	for (int i = 0; i < 5; i++)
		CHECK(!strcmp(argv[i + 1], want[i]));
	CHECK(!argv[6]);
}

static void look_at_environment(char **envp)
{
	CHECK(envp[0] && envp[1] && envp[2]);
	CHECK(!strcmp(envp[0], "HOME=/nowhere"));
	CHECK(!strcmp(envp[1], "EMPTY="));
	CHECK(!strcmp(envp[2], "X=1=2"));
	CHECK(!envp[3]);
	CHECK(!strcmp(getenv("HOME"), "/nowhere"));
}

static void look_at_auxv(char **argv, char **envp)
{
	unsigned long *aux;
	const Elf64_Phdr *ph = (void *)((char *)&__ehdr_start + __ehdr_start.e_phoff);

	while (*envp++)
		;
	aux = (unsigned long *)envp;
	CHECK_EQ(aux[0] < 64, 1);		/* right behind envp's NULL */
	CHECK_EQ(getauxval(AT_PHDR), ph);
	CHECK_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	CHECK_EQ(getauxval(AT_PHNUM), __ehdr_start.e_phnum);
	CHECK_EQ(getauxval(AT_ENTRY), __ehdr_start.e_entry);
	CHECK_EQ(getauxval(AT_PAGESZ), PAGE);
	CHECK_EQ(getauxval(AT_CLKTCK), 100);
	CHECK_EQ(getauxval(AT_BASE), 0);
	CHECK_EQ(getauxval(AT_UID), getuid());
	CHECK_EQ(getauxval(AT_EGID), getegid());
	CHECK_EQ(getauxval(AT_SECURE), 0);
	CHECK(getauxval(AT_EXECFN) && !strcmp((char *)getauxval(AT_EXECFN), "/init"));
	CHECK(getauxval(AT_PLATFORM) && !strcmp((char *)getauxval(AT_PLATFORM), "x86_64"));
	CHECK(getauxval(AT_RANDOM));
	CHECK_EQ(write(atoi(argv[2]), (void *)getauxval(AT_RANDOM), 16), 16);
	for (; aux[0]; aux += 2)
		CHECK(aux[0] < 64);
}

int exec_main(int argc, char **argv)
{
	char **envp = argv + argc + 1;

	if (argc < 2)
		FAIL("the program sees argc %d", argc);
	if (!strcmp(argv[1], "@areas")) {
		initialized[0] = zeros[PAGE] = 1;
		STATE("program", headers(), 0, 0);
	} else if (!strcmp(argv[1], "@text")) {
		STATE("text", headers(), &exec_main, constant);
		CHECK_CHILD(STATE("text", headers(), &exec_main, constant));
	} else if (!strcmp(argv[1], "@heap")) {
		char *p = sbrk(0);

		STATE("heap", headers(), p, initialized);
		CHECK_EQ(syscall(SYS_brk, p + 10 * PAGE), p + 10 * PAGE);
		for (int i = 0; i < 10; i++)
			p[i * PAGE] = i;
		CHECK_EQ(zeros[5 * PAGE - 1], 0);
	} else if (!strcmp(argv[1], "@args")) {
		look_at_arguments(argc, argv);
	} else if (!strcmp(argv[1], "@large")) {
		CHECK_EQ(argc, 4);
		CHECK_EQ(strlen(argv[2]), 99999);
		CHECK(!strcmp(argv[3], "end"));
	} else if (!strcmp(argv[1], "@many")) {
		CHECK_EQ(argc, 3001);
		for (int i = 2; i < argc; i++)
			CHECK(!strcmp(argv[i], "y"));
		CHECK(!argv[argc]);
	} else if (!strcmp(argv[1], "@env")) {
		look_at_environment(envp);
	} else if (!strcmp(argv[1], "@stack")) {
		CHECK_EQ(((long *)argv)[-1], argc);
		if ((long)argv % 16 != 8)
			FAIL("rsp was %p at the start, no multiple of 16", (void *)(argv - 1));
		STATE("stack", argv, envp, argc);
	} else if (!strcmp(argv[1], "@auxv")) {
		look_at_auxv(argv, envp);
	} else {
		return 97;
	}
	return 0;
}
