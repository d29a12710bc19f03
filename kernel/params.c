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
	{ "nosmp", "one processor, as maxcpus=0" },
	{ "noapic", "the 8259 instead of the I/O APICs" },
	{ "nolapic", "no local APIC: one processor, the 8259" },
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

static bool is_known(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, name))
			return true;
	return false;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

/*
 * Cuts the next word off the line: returns its name and sets *value, NULL when there is no '='. Double quotes keep
 * blanks together; those around a whole word or a value go, as GRUB writes "name=a b" for name="a b".
 */
static char *__init next_word(char **line, char **value)
{
	char *word = *line, *p;
	bool whole = *word == '"', quoted = whole;

	word += whole;
	*value = NULL;
	for (p = word; *p && (quoted || !is_blank(*p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '=' && !*value && p > word)
			*value = p + 1;
	}
	*line = p + !!*p;
	if (p > word && p[-1] == '"' && (whole || (*value && **value == '"')))
		p--;
	*p = 0;
	if (*value) {
		(*value)[-1] = 0;
		if (**value == '"')
			memmove(*value, *value + 1, strlen(*value));
	}
	return word;
}

/* A word for init: an argument, or a variable, in place of an earlier one of that name. */
static void __init pass_on(char *name, char *value, bool only_arg, struct init_args *init)
{
	bool env = value && !only_arg;
	const char **list = env ? init->env : init->arg;
	unsigned i, len = strlen(name) + 1;

	if (value)
		value[-1] = '=';		/* in one piece again */
	for (i = 0; list[i] && !(env && !strncmp(list[i], name, len)); i++)
		;
	if (i == INIT_ARGS_MAX)
		init->too_many = name;
	else
		list[i] = name;
}

void __init params_init(const char *cmdline, struct init_args *init)
{
	char *line = words, *name, *value;
	bool rest = false;

	strscpy(saved_command_line, cmdline, COMMAND_LINE_SIZE);
	memcpy(words, saved_command_line, COMMAND_LINE_SIZE);
	for (;;) {
		while (is_blank(*line))
			line++;
		if (!*line)
			return;
		name = next_word(&line, &value);
		if (!rest && !value && !strcmp(name, "--")) {
			rest = true;
		} else if (!rest && is_known(name) && nr_params < MAX_PARAMS) {
			params[nr_params].name = name;
			params[nr_params++].value = value ? value : "";
			if (!strcmp(name, "init") || !strcmp(name, "rdinit"))	/* the words before were for another one */
				memset(init->arg + 1, 0, sizeof(init->arg) - sizeof(*init->arg));
		} else if (rest || !strchr(name, '.')) {	/* else a module's parameter, as Linux sees it */
			pass_on(name, value, rest, init);
		}
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
