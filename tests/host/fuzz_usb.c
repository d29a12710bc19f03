/*
 * usb_find_keyboard takes any bytes: it never reads outside them, ends, and what it finds is usable.
 *
 *	clang -g -O1 -w -fsanitize=fuzzer,address,undefined -iquote . -iquote include tests/host/fuzz_usb.c &&
 *	./a.out -max_total_time=60 corpus/
 *
 * With -DPLAIN a program that does the same for each cut and each changed byte of a right descriptor.
 */
#include "drivers/usb/descriptor.c"
#include "string.h"
void *malloc(size_t size);
void free(void *p);
int printf(const char *format, ...);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static int find(const u8 *data, size_t size)
{
	struct usb_keyboard_info info;
	u8 *copy = malloc(size ?: 1);		/* of its own, so that one byte more is seen */

	memcpy(copy, data, size);
	int err = usb_find_keyboard(copy, size, &info);

	free(copy);
	check(err == 0 || err == -ENODEV || err == -EINVAL);
	check(err || (info.configuration && info.endpoint >= 1 && info.endpoint <= 15 && info.max_packet >= 8 && info.max_packet <= 1024));
	return err;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 fixed[1024];

	find(data, size);
	if (size >= 9 && size <= sizeof(fixed)) {	/* again with a head that is right, or few get past it */
		memcpy(fixed, data, size);
		memcpy(fixed, (u8[]){ 9, DESC_CONFIG, size, size >> 8, 1, 1 }, 6);
		find(fixed, size);
	}
	return 0;
}

#ifdef PLAIN
int main(void)
{
	static const u8 good[] = {
		9, 2, 59, 0, 2, 1, 0, 0xa0, 50,
		9, 4, 0, 0, 1, 3, 1, 2, 0,	9, 0x21, 0x11, 1, 0, 1, 0x22, 52, 0,	7, 5, 0x82, 3, 4, 0, 10,	/* a mouse */
		9, 4, 1, 0, 1, 3, 1, 1, 0,	9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0,	7, 5, 0x81, 3, 8, 0, 10,	/* a keyboard */
	};
	struct usb_keyboard_info info;
	u8 bad[sizeof(good)];

	check(find(good, sizeof(good)) == 0 && !usb_find_keyboard(good, sizeof(good), &info));
	check(info.interface == 1 && info.endpoint == 1 && info.max_packet == 8 && info.interval == 10);
	for (size_t n = 0; n < sizeof(good); n++)
		check(find(good, n) == -EINVAL);
	for (size_t at = 0; at < sizeof(good); at++)
		for (int v = 0; v < 256; v++) {
			memcpy(bad, good, sizeof(good));
			bad[at] = v;
			find(bad, sizeof(bad));
		}
	printf("%zu changed descriptors\n", sizeof(good) * 256);
	return 0;
}
#endif
