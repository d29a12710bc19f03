/* Runs the tests that are linked into the section ktests, one line each in KTAP (version 1). */
#include "ktest.h"
#include "printk.h"
#include "string.h"

extern const struct ktest __start_ktests[], __stop_ktests[];
static bool failed;

bool ktest_expect(bool ok, const char *file, int line, const char *cond)
{
	if (!ok) {
		failed = true;
		pr_err("# expected %s at %s:%d\n", cond, file, line);
	}
	return ok;
}

static bool selected(const struct ktest *t, const char *filter)
{
	if (!strncmp(t->name, "panic", 5) && strncmp(filter, "panic", 5))
		return false;		/* the last one for this boot: only when asked for by name */
	return !strncmp(t->name, filter, strlen(filter));
}

unsigned ktest_run(const char *filter)
{
	unsigned n = 0, bad = 0;
	for (const struct ktest *t = __start_ktests; t < __stop_ktests; t++)
		n += selected(t, filter);
	pr_err("KTAP version 1\n");
	pr_err("1..%u\n", n);
	n = 0;
	for (const struct ktest *t = __start_ktests; t < __stop_ktests; t++) {
		if (!selected(t, filter))
			continue;
		failed = false;
		t->fn();
		bad += failed;
		pr_err("%s %u %s\n", failed ? "not ok" : "ok", ++n, t->name);
	}
	pr_err("# ktest: %u run, %u failed\n", n, bad);
	return bad;
}
