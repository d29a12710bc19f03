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
static const char *params[MAX_PARAMS];	/* "name" or "name=value" */
static unsigned nr_params;

static const struct {
	const char *name, *what;
} known[] = {
	{ "init", "program to run instead of /sbin/init, when there is no /init in the initramfs" },
	{ "rdinit", "program to run instead of the initramfs's /init" },
	{ "console", "ttyS0[,speed] (serial line) or tty0 (screen); may stand several times, the last is /dev/console" },
	{ "quiet", "only warnings and errors go to the console" },
	{ "loglevel", "messages below this number go to the console (default 7)" },
	{ "panic", "seconds after a panic until reset; 0: stay, negative: at once" },
	{ "maxcpus", "processors to start" },
	{ "nosmp", "one processor, and the 8259" },
	{ "noapic", "the 8259 instead of the IO-APIC; one processor" },
	{ "nolapic", "no local APIC is used" },
	{ "tsc", "=reliable: the TSC is not checked; =unstable: ACPI's timer is the clock" },
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

/* What the word says of name: the value, "" if it is bare; NULL: it is another's. */
static const char *value_of(const char *word, const char *name)
{
	size_t n = strlen(name);
	if (strncmp(word, name, n))
		return NULL;
	return word[n] == '=' ? word + n + 1 : word[n] ? NULL : "";
}

static bool is_known(const char *word)
{
	const char *dot = strchr(word, '.'), *eq = strchr(word, '=');
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (value_of(word, known[i].name))
			return true;
	return dot && (!eq || dot < eq);	/* a module's parameter, as Linux sees it */
}

/* A word for init: argument or environment. */
static void __init pass_on(const char *word, bool is_arg, struct init_args *init)
{
	if (is_arg && init->argc < INIT_ARGS_MAX)
		init->arg[init->argc++] = word;
	else if (!is_arg && init->envc < INIT_ARGS_MAX)
		init->env[init->envc++] = word;
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

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

/* Cuts the next word off the line; blanks between quotes are part of it. NULL: that was all. */
static char *__init next_word(char **line)
{
	char *p = *line, *word;
	bool quoted = false;
	while (is_blank(*p))
		p++;
	for (word = p; *p && (quoted || !is_blank(*p)); p++)
		quoted ^= *p == '"';
	*line = *p ? p + 1 : p;
	*p = 0;
	return *word ? word : NULL;
}

void __init params_init(const char *cmdline, struct init_args *init)
{
	char *line = words, *word, *eq;
	strscpy(saved_command_line, cmdline, COMMAND_LINE_SIZE);
	memcpy(words, saved_command_line, COMMAND_LINE_SIZE);
	while ((word = next_word(&line)) && strcmp(word, "--")) {
		eq = strchr(word, '=');
		if (eq)
			unquote(eq + 1);
		if (!is_known(word))
			pass_on(word, !eq, init);
		if (nr_params < MAX_PARAMS)
			params[nr_params++] = word;
	}
	while ((word = next_word(&line)))
		pass_on(word, true, init);
}

const char *param_get_nth(const char *name, unsigned idx)
{
	const char *value;
	for (unsigned i = 0; i < nr_params; i++)
		if ((value = value_of(params[i], name)) && !idx--)
			return value;
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
