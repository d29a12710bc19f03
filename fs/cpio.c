/*
 * cpio: the newc format. An archive is a row of
 *
 *   "070701" 13 numbers of 8 hex digits | name NUL, padded to 4 | data, padded to 4
 *
 * up to an entry named TRAILER!!!; several archives may stand back to back with zeros between them.
 * "070702" is the same with a checksum, which nobody looks at.
 *
 * In Linux: init/initramfs.c.
 */
#include "fs/cpio.h"
#include "string.h"

#define HEADER_LEN 110
#define MAX_NAME 4096

static int bad(struct cpio_state *st, const char *why)
{
	st->error = why;
	return -1;
}

/* 8 hex digits; false when there is something else. */
static bool hex8(const u8 *s, u32 *out)
{
	u32 n = 0;

	for (int i = 0; i < 8; i++) {
		u8 c = s[i] | 0x20;

		if (s[i] >= '0' && s[i] <= '9')
			n = n << 4 | (s[i] - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (c - 'a' + 10);
		else
			return false;
	}
	*out = n;
	return true;
}

static int check_magic(struct cpio_state *st, const u8 *p, size_t left)
{
	if (left >= 2 && p[0] == 0x1f && p[1] == 0x8b)
		return bad(st, "is compressed with gzip, which is not supported: give it unpacked");
	if (left >= 4 && (!memcmp(p, "\x28\xb5\x2f\xfd", 4) || !memcmp(p, "\xfd" "7zX", 4) || !memcmp(p, "BZh", 3)))
		return bad(st, "is compressed, which is not supported: give it unpacked");
	if (left >= 6 && !memcmp(p, "070707", 6))
		return bad(st, "is in the old portable format; make it with cpio -H newc");
	if (left < HEADER_LEN)
		return bad(st, "is cut short in a header");
	if (memcmp(p, "07070", 5) || (p[5] != '1' && p[5] != '2'))
		return bad(st, "has no cpio header here");
	return 0;
}

int cpio_next(struct cpio_state *st, struct cpio_entry *e)
{
	u32 unused, name_len, *field[13] = { &e->ino, &e->mode, &e->uid, &e->gid, &e->nlink, &e->mtime, &e->size, &e->major,
		&e->minor, &e->rmajor, &e->rminor, &name_len, &unused };
	const u8 *p;
	size_t left, data;

	/* Only zeros may stand between archives. */
	while (st->pos < st->len && !st->data[st->pos])
		st->pos++;
	if (st->pos == st->len)
		return 0;
	st->entry = st->pos;
	st->name[0] = '\0';
	p = st->data + st->pos;
	left = st->len - st->pos;
	if (check_magic(st, p, left))
		return -1;
	for (int i = 0; i < 13; i++)
		if (!hex8(p + 6 + 8 * i, field[i]))
			return bad(st, "has a header with a number that is none");
	if (name_len < 1 || name_len > MAX_NAME)
		return bad(st, "has a name of impossible length");
	if (name_len > left - HEADER_LEN)
		return bad(st, "is cut short in a name");
	e->name = (const char *)p + HEADER_LEN;
	if (memchr(e->name, '\0', name_len) != e->name + name_len - 1)
		return bad(st, "has a name that does not end with NUL");
	strscpy(st->name, e->name, sizeof(st->name));
	/* Padding counts from the archive's beginning; archives begin at multiples of 4. */
	data = ALIGN(st->pos + HEADER_LEN + name_len, (size_t)4);
	if (data > st->len || e->size > st->len - data)
		return bad(st, "is cut short in the data of");
	e->data = st->data + data;
	e->trailer = !strcmp(e->name, "TRAILER!!!");
	st->pos = min(ALIGN(data + e->size, (size_t)4), st->len);
	return 1;
}
