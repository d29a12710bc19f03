/* The stack grows by itself, down to its limit and no further. */
#include "../abi.h"

static int deep(int pages)
{
	volatile char frame[PAGE];

	frame[0] = pages;
	frame[PAGE - 1] = pages;
	return pages ? deep(pages - 1) + frame[0] - frame[PAGE - 1] : 0;
}

TEST(grows_by_itself)
{
	CHECK_EQ(deep(1000), 0);	/* 4 MiB */
}

TEST(ends_at_the_limit)
{
	CHECK_SIGNAL(SIGSEGV, deep(1 << 20));
}

static char alt[32768];
static char *volatile low;

static void on_overflow(int sig, siginfo_t *si, void *uc)
{
	(void)sig, (void)uc;
	_exit((char *)si->si_addr < low && si->si_addr ? 42 : 43);
}

TEST(overflow_is_caught_on_another_stack)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct sigaction sa = { .sa_sigaction = on_overflow,
				.sa_flags = SA_SIGINFO | SA_ONSTACK };
	char here;
	int st;

	low = &here;
	IN_CHILD(st, CHECK_OK(sigaltstack(&ss, NULL));
		 sigaction(SIGSEGV, &sa, NULL); deep(1 << 20));
	CHECK(WIFEXITED(st));
	CHECK_EQ(WEXITSTATUS(st), 42);
}

int exec_main(int argc, char **argv)
{
	(void)argc;
	return deep(atoi(argv[2]));
}

TEST(rlimit_stack_counts)
{
	struct rlimit rl = { 1 << 20, 1 << 20 };
	int st;

	IN_CHILD(st, no_core(); setrlimit(RLIMIT_STACK, &rl);
		 execl(self_path, self_path, "@deep", "150", NULL));
	CHECK_EQ(st, 0);
	IN_CHILD(st, no_core(); setrlimit(RLIMIT_STACK, &rl);
		 execl(self_path, self_path, "@deep", "400", NULL));
	CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGSEGV);
}

TEST(kernel_copy_grows_it)
{
	char big[100 * PAGE];
	int fd = open("/dev/zero", O_RDONLY);

	CHECK_EQ(read(fd, big, 16), 16);	/* far below what was touched */
	CHECK_EQ(big[0], 0);
}

TEST(child_gets_a_copy)
{
	volatile char mark[8 * PAGE];

	mark[0] = 'p';
	CHECK_CHILD(mark[0] = 'c'; CHECK_EQ(deep(300), 0));
	CHECK_EQ(mark[0], 'p');
}
