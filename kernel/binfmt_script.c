/*
 * Scripts: "#!interpreter argument" in the first 256 bytes.
 *
 *   execve("./s", {"A", "B"})   with   #!/bin/sh -x   in ./s   becomes   /bin/sh with {"/bin/sh", "-x", "./s", "B"}
 *
 * The line may be cut at 256 bytes inside the argument, but never inside the interpreter's name: half a path might
 * be another program's. In Linux: fs/binfmt_script.c.
 */
#include "err.h"
#include "string.h"
#include "kernel/binfmts.h"

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Splits the line in place; limit is the buffer's last byte. 0, or -ENOEXEC when there is no (whole) name. *arg may be NULL. */
static int parse_line(char *line, char *limit, char **name, char **arg)
{
	char *end = memchr(line, '\n', limit - line + 1), *p;
	bool cut = !end;
	if (cut)
		end = limit;
	for (p = line; p < end && is_blank(*p); p++)
		;
	*name = p;
	for (; p < end && *p && !is_blank(*p); p++)
		;
	if (*name == end || (cut && p == end))
		return -ENOEXEC;
	if (p == *name)
		return -EACCES;		/* no name: that is the current directory, which is no file */
	end = p + strnlen(p, end - p);
	*arg = NULL;
	while (end > p && is_blank(end[-1]))
		end--;
	*end = '\0';
	if (p == end)
		return 0;
	*p++ = '\0';
	while (is_blank(*p))
		p++;
	*arg = p;
	return 0;
}

static int load_script(struct linux_binprm *bprm)
{
	char line[BINPRM_BUF_SIZE], *name, *arg;	/* bprm->buf will be the interpreter's */
	if (bprm->buf[0] != '#' || bprm->buf[1] != '!')
		return -ENOEXEC;
	if (bprm->fd_closes)
		return -ENOENT;
	memcpy(line, bprm->buf + 2, BINPRM_BUF_SIZE - 2);
	int err = parse_line(line, line + BINPRM_BUF_SIZE - 3, &name, &arg);
	if (err)
		return err;
	/* argv[0] goes; in its place, pushed from the last: path of the script, argument, interpreter. */
	err = remove_arg_zero(bprm);
	if (!err)
		err = copy_string_kernel(bprm->interp, bprm);
	if (!err && arg)
		err = copy_string_kernel(arg, bprm);
	if (!err)
		err = copy_string_kernel(name, bprm);
	if (!err)
		err = bprm_change_interp(name, bprm);
	if (err)
		return err;
	bprm->argc += arg ? 3 : 2;
	return bprm_run_interpreter(bprm, name);
}

static struct linux_binfmt script_format = { .name = "script", .load_binary = load_script };

void __init binfmt_script_init(void) { register_binfmt(&script_format); }
