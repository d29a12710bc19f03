/*
 * Tests inside the kernel: KTEST(name) { ... KEXPECT(cond); ... } in tests/kernel/, run by the word ktest on the
 * command line, with KTAP output on the console.
 */
#pragma once
#include "types.h"

struct ktest {
	const char *name;
	void (*fn)(void);
};
#define KTEST(n)                                                                                   \
	static void ktest_##n(void);                                                               \
	static const struct ktest ktest_entry_##n __attribute__((section("ktests"), used)) = { #n, ktest_##n }; \
	static void ktest_##n(void)
/* Notes a failure and goes on. */
#define KEXPECT(cond) ktest_expect(cond, __FILE__, __LINE__, #cond)
bool ktest_expect(bool ok, const char *file, int line, const char *cond);
/* Runs all tests whose name begins with filter; the number that failed. */
unsigned ktest_run(const char *filter);
