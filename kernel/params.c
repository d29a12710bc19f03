/*
 * The kernel's command line: the one table of words that it knows. As on Linux, other words go to init: "name=value"
 * into its environment, bare words as arguments, and all that follows "--" as arguments.
 */
#include "boot_param.h"
#include "err.h"
#include "kernel/params.h"
#include "printk.h"
#include "string.h"

#define MAX_PARAMS 64

char saved_command_line[COMMAND_LINE_SIZE];
static char words[COMMAND_LINE_SIZE];
static struct {
	const char *name, *value;		/* value: "" for a bare word */
} params[MAX_PARAMS];
static unsigned nr_params;

static const struct param_doc known[] = {
	{ "init", "program to run instead of /sbin/init, when there is no /init in the initramfs" },
	{ "rdinit", "program to run instead of the initramfs's /init" },
	{ "console", "ttyS0[,speed] (serial line) or tty0 (screen); may stand several times, the last is /dev/console" },
	{ "quiet", "only warnings and errors go to the console" },
	{ "loglevel", "messages below this number go to the console (default 7)" },
	{ "panic", "seconds after a panic until reset; 0: stay, negative: at once" },
	{ "maxcpus", "processors to start (one runs today)" },
	{ "tsc", "=reliable: the TSC is not checked; =unstable: it is not the clock" },
	{ "clocksource", "the clock: acpi_pm or jiffies; else the TSC, if it can be trusted" },
	{ "mem", "RAM to use at most, such as 64M" },
	{ "norandmaps", "no address space randomization" },
	{ "root", "accepted: the root is the initramfs" },
	{ "rw", "accepted: the root is always writable" },
	{ "ro", "accepted: the root is always writable" },
	{ "fail_nth", "fault injection by /proc/self/fail-nth" },
	{ "ktest", "run the tests inside the kernel (=name: only those), then power off" },
	{ "BOOT_IMAGE", "set by boot loaders" },
	{ "earlyprintk", "accepted: the log is always early" },
	{ "nokaslr", "accepted: the kernel's address is fixed" },
	{ "mitigations", "accepted: there are none" },
	{ "reboot", "accepted" },
	{ "acpi", "=off: the tables are not read" },
	{ "random.trust_cpu", "accepted" },
};

static bool is_known(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, name))
			return true;
	return strchr(name, '.') != NULL;	/* a module's parameter, as Linux sees it */
}

/* A word for init: argument or environment. */
static void __init pass_on(char *word, char *eq, bool only_arg, struct init_args *init)
{
	if (eq && !only_arg) {
		if (init->envc < INIT_ARGS_MAX)
			init->env[init->envc++] = word;
	} else if (init->argc < INIT_ARGS_MAX) {
		init->arg[init->argc++] = word;
	}
}

/* name="a b" has the value a b. */
static void __init unquote(char *value)
{
	size_t n = strlen(value);
	if (*value != '"')
		return;
	memmove(value, value + 1, n);
	if (n > 1 && value[n - 2] == '"')
		value[n - 2] = 0;
}

void __init params_init(const char *cmdline, struct init_args *init)
{
	static char whole[COMMAND_LINE_SIZE];	/* init's words stay unbroken here */
	char *p = words, *q = whole;
	bool rest = false;

	strscpy(saved_command_line, cmdline, COMMAND_LINE_SIZE);
	memcpy(words, saved_command_line, COMMAND_LINE_SIZE);
	memcpy(whole, saved_command_line, COMMAND_LINE_SIZE);
	for (;; p++, q++) {
		char *word, *unbroken, *eq = NULL;
		bool quoted = false;
		while (*p == ' ' || *p == '\t' || *p == '\n')
			p++, q++;
		if (!*p)
			return;
		for (word = p, unbroken = q; *p && (quoted || (*p != ' ' && *p != '\t' && *p != '\n')); p++, q++) {
			if (*p == '"')
				quoted = !quoted;
			else if (*p == '=' && !eq)
				eq = p;
		}
		bool last = !*p;
		*p = *q = 0;
		if (!rest && !strcmp(word, "--")) {
			rest = true;
		} else {
			if (eq) {
				*eq = 0;
				unquote(eq + 1);
				unquote(unbroken + (eq + 1 - word));
			}
			if (rest || !is_known(word))
				pass_on(unbroken, eq, rest, init);
			if (!rest && nr_params < MAX_PARAMS) {
				params[nr_params].name = word;
				params[nr_params++].value = eq ? eq + 1 : "";
			}
		}
		if (last)
			return;
	}
}

const char *param_get_nth(const char *name, unsigned idx)
{
	for (unsigned i = 0; i < nr_params; i++)
		if (!strcmp(params[i].name, name) && !idx--)
			return params[i].value;
	return NULL;
}

const char *param_get(const char *name)
{
	const char *value = NULL, *v;
	for (unsigned i = 0; (v = param_get_nth(name, i)); i++)
		value = v;
	return value;
}

bool param_bool(const char *name) { return param_get(name) != NULL; }

u64 param_u64(const char *name, u64 otherwise)
{
	const char *v = param_get(name);
	char *end;
	if (!v || !*v)
		return otherwise;
	return *v == '-' ? (u64)strtoll(v, &end, 0) : memparse(v, &end);
}
