/*
 * System calls in the trace, with their arguments told by the table kernel/syscalls.tbl.h:
 *
 *   SYSCALL(257, 295, openat, (int dfd, const char __user *filename, int flags, umode_t mode))
 *   text      "openat(int dfd, const char __user *filename, int flags, umode_t mode)"
 *   line      sys_openat(dfd: AT_FDCWD, filename: "/etc/passwd", flags: 0x8000, mode: 00)
 *
 * The text is taken apart when it is needed; type and name of an argument tell its kind. Strings are read from the user
 * when the call begins, before it may change them.
 *
 * In Linux: kernel/trace/trace_syscalls.c.
 */
#include "kernel/tracing.h"
#include "asm/ptrace.h"
#include "asm/uaccess.h"
#include "kernel/syscall.h"
#include "string.h"
#include "uapi/fcntl.h"

enum arg_kind { ARG_HEX, ARG_DECIMAL, ARG_UNSIGNED, ARG_OCTAL, ARG_FD, ARG_STRING, ARG_BYTES };
struct arg {
	const char *name;
	int len;			/* of the name */
	enum arg_kind kind;
};

static int word_len(const char *s)
{
	int n = 0;

	while (s[n] && !strchr("(,)", s[n]))
		n++;
	return n;
}

static bool is(const char *s, int len, const char *word) { return strlen(word) == (size_t)len && !memcmp(s, word, len); }

static enum arg_kind kind_of(const char *type, int len, const struct arg *a)
{
	static const char *const hex[] = { "flags", "flag", "cmd", "mask", "addr", "op", "option", "prot", "code" };

	if (is(type, len, "const char __user *"))
		return is(a->name, a->len, "buf") ? ARG_BYTES : ARG_STRING;	/* its length is the next argument */
	if (a->len >= 2 && (!memcmp(a->name + a->len - 2, "fd", 2) || is(a->name, a->len, "fd_in") || is(a->name, a->len, "fd_out")))
		return ARG_FD;
	for (unsigned i = 0; i < ARRAY_SIZE(hex); i++)
		if (is(a->name, a->len, hex[i]))
			return ARG_HEX;
	if (is(type, len, "int") || is(type, len, "pid_t") || is(type, len, "loff_t"))
		return ARG_DECIMAL;
	if (is(type, len, "size_t") || is(type, len, "unsigned") || is(type, len, "uid_t") || is(type, len, "gid_t"))
		return ARG_UNSIGNED;
	return is(type, len, "umode_t") ? ARG_OCTAL : ARG_HEX;
}

/* Takes "type name" off the text; what follows it, or NULL when there is none. */
static const char *next_arg(const char *s, struct arg *a)
{
	int len = s ? word_len(s) : 0, type = len;

	if (!len || is(s, len, "void"))
		return NULL;
	while (s[type - 1] != ' ' && s[type - 1] != '*')
		type--;
	a->name = s + type;
	a->len = len - type;
	a->kind = kind_of(s, type - (s[type - 1] == ' '), a);
	return s[len] == ',' ? s + len + 2 : s + len;
}

static const char *first_arg(const struct sys_enter_record *r)
{
	const char *text = syscall_text(r->nr, r->ia32), *open = text ? strchr(text, '(') : NULL;

	return open ? open + 1 : NULL;
}

size_t fill_args(struct sys_enter_record *r, const struct pt_regs *regs)
{
	const char *s = first_arg(r);
	struct arg a;
	size_t used = 0;

	syscall_args(regs, r->ia32, r->args);
	for (int i = 0; i < 6 && (s = next_arg(s, &a)); i++) {
		char *to = r->text + used;
		ssize_t n;

		if (a.kind < ARG_STRING || used == sizeof(r->text))
			continue;
		memset(to, 0, TRACE_TEXT);
		if (a.kind == ARG_STRING)
			n = strncpy_from_user(to, (const char __user *)r->args[i], TRACE_TEXT);
		else
			n = copy_from_user(to, (const char __user *)r->args[i], min(TRACE_TEXT, r->args[i + 1])) ? -1 : 0;
		to[0] = n < 0 ? '\377' : to[0];		/* no such memory */
		used += TRACE_TEXT;
	}
	return used;
}

/* Text in quotes, what can't be printed as in C; a longer one ends with dots. */
static int print_text(char *buf, size_t size, const char *s, u64 len)
{
	u64 shown = min(len, TRACE_TEXT - 1);
	int n = scnprintf(buf, size, "\"");

	for (u64 i = 0; i < shown; i++) {
		u8 c = s[i];

		if (c >= ' ' && c < 127 && c != '"' && c != '\\')
			n += scnprintf(buf + n, size - n, "%c", c);
		else if (c == '\n')
			n += scnprintf(buf + n, size - n, "\\n");
		else
			n += scnprintf(buf + n, size - n, "\\%03o", c);
	}
	return n + scnprintf(buf + n, size - n, "\"%s", len > shown ? "..." : "");
}

static int print_arg(char *buf, size_t size, const struct arg *a, const u64 *value, const char *text)
{
	u64 v = *value;

	switch (a->kind) {
	case ARG_FD: return (int)v == AT_FDCWD ? scnprintf(buf, size, "AT_FDCWD") : scnprintf(buf, size, "%d", (int)v);
	case ARG_DECIMAL: return scnprintf(buf, size, "%ld", (long)(v >> 32 ? v : (u64)(int)v));
	case ARG_UNSIGNED: return scnprintf(buf, size, "%lu", v);
	case ARG_OCTAL: return scnprintf(buf, size, "0%o", (u32)v);
	case ARG_STRING:
	case ARG_BYTES:
		if (text && text[0] != '\377')
			return print_text(buf, size, text, a->kind == ARG_BYTES ? value[1] : strnlen(text, TRACE_TEXT));
		fallthrough;
	default: return scnprintf(buf, size, "0x%lx", v);
	}
}

/* "sys_openat", or "sys_451" for a number that is none. */
static int print_name(char *buf, size_t size, u32 nr, bool ia32)
{
	const char *text = syscall_text(nr, ia32);

	return text ? scnprintf(buf, size, "sys_%.*s", word_len(text), text) : scnprintf(buf, size, "sys_%u", nr);
}

int print_sys_enter(char *buf, size_t size, const struct sys_enter_record *r)
{
	int n = print_name(buf, size, r->nr, r->ia32);
	size_t used = 0, there = r->h.len - offsetof(struct sys_enter_record, text);
	const char *s = first_arg(r);
	struct arg a;

	n += scnprintf(buf + n, size - n, "(");
	for (int i = 0; i < 6 && (s = next_arg(s, &a)); i++) {
		const char *text = a.kind >= ARG_STRING && used < there ? r->text + used : NULL;

		n += scnprintf(buf + n, size - n, "%s%.*s: ", i ? ", " : "", a.len, a.name);
		n += print_arg(buf + n, size - n, &a, &r->args[i], text);
		used += text ? TRACE_TEXT : 0;
	}
	return n + scnprintf(buf + n, size - n, ")");
}

int print_sys_exit(char *buf, size_t size, const struct sys_exit_record *r)
{
	int n = print_name(buf, size, r->nr, r->ia32);

	return n + scnprintf(buf + n, size - n, " -> 0x%lx", r->ret);
}
