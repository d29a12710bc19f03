/*
 * The initramfs reader takes any bytes: it never reads outside them, ends, and gives each entry inside the archive.
 *
 *	clang -g -O1 -w -fsanitize=fuzzer,address,undefined -iquote . -iquote include tests/host/fuzz_cpio.c &&
 *	./a.out -max_total_time=60 corpus/
 */
#include "fs/cpio.c"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

ssize_t strscpy(char *dst, const char *src, size_t size)	/* the one function that libc lacks */
{
	size_t n = strnlen(src, size - 1);

	memcpy(dst, src, n);
	dst[n] = '\0';
	return n;
}

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct cpio_state st = { .data = data, .len = size };
	struct cpio_entry e;
	size_t before = 0;
	int more;

	while ((more = cpio_next(&st, &e)) > 0) {
		check(st.pos > before && st.pos <= size);
		check((const u8 *)e.name > data && (const u8 *)e.name + strlen(e.name) < data + size);
		check(e.data >= data && e.size <= (size_t)(data + size - e.data));
		before = st.pos;
	}
	check(more == 0 ? st.pos == size : st.error && strnlen(st.name, sizeof(st.name)) < sizeof(st.name));
	return 0;
}
