/* execve: what is kept, what is reset, scripts, auxv, errors. */
#include "../abi.h"
#include <elf.h>
#include <sys/auxv.h>

extern char **environ;

static int say_args(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		dprintf(1, "[%s]", argv[i]);
	return 0;
}

static int check_reset(void)
{
	struct sigaction sa;
	sigset_t set;
	stack_t ss;

	sigaction(SIGUSR1, NULL, &sa);
	CHECK(sa.sa_handler == SIG_DFL);	/* a handler goes */
	sigaction(SIGUSR2, NULL, &sa);
	CHECK(sa.sa_handler == SIG_IGN);	/* ignoring stays */
	sigprocmask(SIG_BLOCK, NULL, &set);
	CHECK(sigismember(&set, SIGHUP));	/* the mask stays */
	sigpending(&set);
	CHECK(sigismember(&set, SIGHUP));	/* and what is pending */
	CHECK_OK(sigaltstack(NULL, &ss));
	CHECK(ss.ss_flags & SS_DISABLE);
	CHECK_EQ(umask(0), 033);
	CHECK_ERR(fcntl(50, F_GETFD), EBADF);	/* O_CLOEXEC */
	CHECK_EQ(fcntl(51, F_GETFD), 0);
	CHECK(alarm(0) > 10);
	return 0;
}

static int check_auxv(char **argv)
{
	char path[300];

	CHECK_EQ(getauxval(AT_PAGESZ), 4096);
	CHECK_EQ(getauxval(AT_UID), getuid());
	CHECK_EQ(getauxval(AT_EGID), getegid());
	CHECK_EQ(getauxval(AT_SECURE), 0);
	CHECK_EQ(getauxval(AT_CLKTCK), 100);
	CHECK_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	CHECK(getauxval(AT_PHNUM) > 1);
	CHECK(getauxval(AT_PHDR) != 0);
	CHECK_EQ(((Elf64_Phdr *)getauxval(AT_PHDR))->p_align % 8, 0);
	CHECK(getauxval(AT_ENTRY) != 0);
	CHECK(getauxval(AT_HWCAP) != 0);
	CHECK(!strcmp((char *)getauxval(AT_PLATFORM), "x86_64"));
	CHECK(!strcmp((char *)getauxval(AT_EXECFN), argv[2]));
	unsigned char *r = (unsigned char *)getauxval(AT_RANDOM);
	int any = 0;
	for (int i = 0; i < 16; i++)
		any |= r[i];
	CHECK(any);
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	CHECK(n > 0);
	path[n] = 0;
	CHECK(!strcmp(path, argv[2]));
	CHECK_EQ((long)__builtin_frame_address(0) % 16, 0);
	return 0;
}

int exec_main(int argc, char **argv)
{
	if (!strcmp(argv[1], "@args"))
		return say_args(argc, argv);
	if (!strcmp(argv[1], "@reset"))
		return check_reset();
	if (!strcmp(argv[1], "@auxv"))
		return check_auxv(argv);
	if (!strcmp(argv[1], "@count"))
		return argc == atoi(argv[2]) ? 0 : 1;
	if (!strcmp(argv[1], "@env"))
		return environ[0] && !strcmp(environ[0], "A=b") && !environ[1] ? 0 : 1;
	if (!strcmp(argv[1], "@pid"))
		return getpid() == atoi(argv[2]) ? 0 : 1;
	return argc > 2 ? say_args(argc, argv) : 98;
}

/* Runs in a child with its output caught. */
static char *output_of(const char *path, char **argv)
{
	static char buf[8192];
	int fds[2], st;
	ssize_t n, len = 0;
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		execv(path, argv);
		dprintf(1, "errno %d", errno);
		_exit(1);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	buf[len] = 0;
	close(fds[0]);
	waitpid(pid, &st, 0);
	return buf;
}

static void script(const char *path, const char *text)
{
	write_file(path, text);
	CHECK_OK(chmod(path, 0755));
}

TEST(same_pid)
{
	char pid[20];

	CHECK_CHILD(snprintf(pid, sizeof(pid), "%d", getpid());
		    execl(self_path, self_path, "@pid", pid, NULL); _exit(2));
}

static void handler(int sig)
{
	(void)sig;
}

TEST(what_is_reset)
{
	static char alt[32768];
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	sigset_t set;

	CHECK_CHILD(
		signal(SIGUSR1, handler);
		signal(SIGUSR2, SIG_IGN);
		sigemptyset(&set);
		sigaddset(&set, SIGHUP);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGHUP);
		sigaltstack(&ss, NULL);
		umask(033);
		alarm(50);
		CHECK_EQ(dup3(0, 50, O_CLOEXEC), 50);
		CHECK_EQ(dup2(0, 51), 51);
		execl(self_path, self_path, "@reset", NULL);
		_exit(2));
}

TEST(auxv)
{
	CHECK_CHILD(execl(self_path, self_path, "@auxv", self_path, NULL); _exit(2));
}

TEST(environment)
{
	char *env[] = { "A=b", NULL };

	CHECK_CHILD(execle(self_path, "x", "@env", NULL, env); _exit(2));
}

TEST(argv_of_any_kind)
{
	char *argv[] = { "", "@args", "", "two words", "\xff\xfe", NULL };

	CHECK(!strcmp(output_of(self_path, argv), "[][@args][][two words][\xff\xfe]"));
}

TEST(many_arguments)
{
	static char *argv[20002], arg[] = "argument";

	argv[0] = self_path;
	argv[1] = "@count";
	argv[2] = "20001";
	for (int i = 3; i < 20001; i++)
		argv[i] = arg;
	CHECK_CHILD(execv(self_path, argv); _exit(2));
}

TEST(too_long)
{
	char *big = malloc(140000), *argv[] = { self_path, "@args", big, NULL };
	char **many = malloc(1000000 * sizeof(char *));

	memset(big, 'x', 140000 - 1);
	big[140000 - 1] = 0;
	CHECK_ERR(execv(self_path, argv), E2BIG);	/* one string over 128 KiB */
	big[100000] = 0;
	for (int i = 0; i < 100; i++)
		many[i] = big;
	many[100] = NULL;
	CHECK_ERR(execv(self_path, many), E2BIG);	/* all over 2 MiB or so */
}

TEST(script_argv)
{
	char text[400], *argv[] = { "A", "B", "C", NULL }, want[600];

	snprintf(text, sizeof(text), "#!%s @args\n", self_path);
	script("script", text);
	snprintf(want, sizeof(want), "[%s][@args][./script][B][C]", self_path);
	CHECK(!strcmp(output_of("./script", argv), want));
	/* one argument at most, blanks around it cut */
	snprintf(text, sizeof(text), "#! \t%s   @args two words \t\nrest\n", self_path);
	script("script2", text);
	snprintf(want, sizeof(want), "[%s][@args two words][./script2][B][C]", self_path);
	CHECK(!strcmp(output_of("./script2", argv), want));
	/* no argument, no newline at the end */
	script("script3", "#!/bin/echo");
	CHECK(!strcmp(output_of("./script3", argv), "./script3 B C\n"));
}

TEST(script_of_script)
{
	char text[400], *argv[] = { "A", "B", NULL }, want[400];

	snprintf(text, sizeof(text), "#!%s/one x\n", scratch);
	script("one", "#!/bin/echo one\n");
	script("two", text);
	snprintf(want, sizeof(want), "one %s/one x ./two B\n", scratch);
	CHECK(!strcmp(output_of("./two", argv), want));
}

TEST(script_recursion_ends)
{
	char text[400], *argv[] = { "A", NULL };

	snprintf(text, sizeof(text), "#!%s/loop\n", scratch);
	script("loop", text);
	CHECK_ERR(execv("./loop", argv), ELOOP);
	script("s0", "#!/bin/echo\n");
	for (int i = 1; i <= 6; i++) {
		char name[8];

		snprintf(text, sizeof(text), "#!%s/s%d\n", scratch, i - 1);
		snprintf(name, sizeof(name), "s%d", i);
		script(name, text);
	}
	CHECK(strncmp(output_of("./s4", argv), "errno", 5));
	CHECK(!strcmp(output_of("./s6", argv), "errno 40"));
}

TEST(script_line_is_cut)
{
	char text[500], *argv[] = { "A", NULL };

	memset(text, 0, sizeof(text));
	snprintf(text, sizeof(text), "#!/bin/echo ");
	memset(text + strlen(text), 'x', 400);
	strcat(text, "\n");
	script("long", text);
	char *out = output_of("./long", argv);
	CHECK_EQ(strcspn(out, " "), 255 - strlen("#!/bin/echo "));
	/* an interpreter's name that does not fit is no name */
	snprintf(text, sizeof(text), "#!/");
	memset(text + 3, 'y', 400);
	strcat(text, "\n");
	script("toolong", text);
	CHECK_ERR(execv("./toolong", argv), ENOEXEC);
}

TEST(enoexec)
{
	char *argv[] = { "x", NULL };

	script("text", "echo hello\n");
	CHECK_ERR(execv("./text", argv), ENOEXEC);
	script("empty", "");
	CHECK_ERR(execv("./empty", argv), ENOEXEC);
	script("hash", "#!\n");
	CHECK_ERR(execv("./hash", argv), ENOEXEC);
	script("blank", "#!   \n");
	CHECK_ERR(execv("./blank", argv), ENOEXEC);
	script("elf", "\177ELF");
	CHECK_ERR(execv("./elf", argv), ENOEXEC);
}

TEST(errors)
{
	char *argv[] = { "x", NULL };

	CHECK_ERR(execv("./none", argv), ENOENT);
	CHECK_ERR(execv("", argv), ENOENT);
	CHECK_ERR(execv(".", argv), EACCES);
	write_file("noexec", "#!/bin/echo\n");
	CHECK_ERR(execv("./noexec", argv), EACCES);
	script("bad", "#!/no/such/interpreter\n");
	CHECK_ERR(execv("./bad", argv), ENOENT);
	CHECK_ERR(execv("./noexec/x", argv), ENOTDIR);
	CHECK_ERR(syscall(SYS_execve, 8, argv, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_execve, self_path, 8, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_execve, self_path, argv, 8), EFAULT);
	/* after all that we are still alive and whole */
	CHECK_CHILD(_exit(0));
}

TEST(text_busy_or_not_the_program_runs)
{
	char *argv[] = { "./copy", "@args", NULL };
	int in = open(self_path, O_RDONLY), out = open("copy", O_WRONLY | O_CREAT, 0755);
	char buf[4096];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK_EQ(write(out, buf, n), n);
	CHECK_ERR(execv("./copy", argv), ETXTBSY);
	close(out);
	CHECK(!strcmp(output_of("./copy", argv), "[./copy][@args]"));
}

TEST(execveat_and_fd)
{
	char *argv[] = { "x", "@args", NULL }, *env[] = { NULL };
	int fd = open(self_path, O_RDONLY | O_CLOEXEC), dir = open("/bin", O_RDONLY), st;

	IN_CHILD(st, dup2(open("/dev/null", O_WRONLY), 1);
		 syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH); _exit(2));
	CHECK_EQ(st, 0);
	IN_CHILD(st, char *t[] = { "true", NULL };
		 syscall(SYS_execveat, dir, "busybox", t, env, 0); _exit(2));
	CHECK_EQ(st, 0);
	write_file("s", "#!/bin/true\n");
	CHECK_OK(chmod("s", 0755));
	IN_CHILD(st, syscall(SYS_execveat, open("s", O_RDONLY), "", argv, env, AT_EMPTY_PATH); _exit(2));
	CHECK_EQ(st, 0);
	/* The interpreter would look for a descriptor that exec has closed. */
	CHECK_ERR(syscall(SYS_execveat, open("s", O_RDONLY | O_CLOEXEC), "", argv, env, AT_EMPTY_PATH), ENOENT);
}

TEST(null_argv_and_env)
{
	int st;

	IN_CHILD(st, char *t[] = { "true", NULL };
		 syscall(SYS_execve, "/bin/busybox", t, NULL); _exit(2));
	CHECK_EQ(st, 0);
}

TEST(registers_are_zeroed)
{
	/* A program of nothing but code: exits with 1 if any register is not 0. */
	static const unsigned char code[] = {
		0x48, 0x09, 0xd8,	/* or rax, rbx */
		0x48, 0x09, 0xc8,	/* or rax, rcx */
		0x48, 0x09, 0xd0,	/* or rax, rdx */
		0x48, 0x09, 0xf0,	/* or rax, rsi */
		0x48, 0x09, 0xf8,	/* or rax, rdi */
		0x48, 0x09, 0xe8,	/* or rax, rbp */
		0x4c, 0x09, 0xc0,	/* or rax, r8 */
		0x4c, 0x09, 0xd8,	/* or rax, r11 */
		0x4c, 0x09, 0xf8,	/* or rax, r15 */
		0x31, 0xff,		/* xor edi, edi */
		0x48, 0x85, 0xc0,	/* test rax, rax */
		0x40, 0x0f, 0x95, 0xc7,	/* setne dil */
		0xb8, 0x3c, 0, 0, 0,	/* mov eax, 60 */
		0x0f, 0x05,		/* syscall */
	};
	struct { Elf64_Ehdr eh; Elf64_Phdr ph; unsigned char code[64]; } f = {
		.eh = { .e_ident = "\177ELF\2\1\1", .e_type = ET_EXEC,
			.e_machine = EM_X86_64, .e_version = 1,
			.e_entry = 0x400000 + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			.e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1 },
		.ph = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000,
			.p_filesz = sizeof(f), .p_memsz = sizeof(f), .p_align = 4096 },
	};
	int fd = open("tiny", O_WRONLY | O_CREAT, 0755), st;

	memcpy(f.code, code, sizeof(code));
	CHECK_EQ(write(fd, &f, sizeof(f)), sizeof(f));
	close(fd);
	IN_CHILD(st, execl("./tiny", "tiny", NULL); _exit(2));
	CHECK_EQ(st, 0);
}

TEST(static_pie_and_dynamic)
{
	int st;

	if (access("/lib64/ld-linux-x86-64.so.2", X_OK) || access("/usr/bin/env", X_OK))
		return;
	IN_CHILD(st, execl("/usr/bin/env", "env", "true", NULL); _exit(2));
	CHECK_EQ(st, 0);
}
