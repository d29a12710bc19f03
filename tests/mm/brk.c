/* brk: the heap grows, shrinks, is zero again, and knows its limits. */
#include "../abi.h"

static long set_brk(long addr)
{
	return syscall(SYS_brk, addr);
}

TEST(query)
{
	long top = set_brk(0);

	CHECK(top > 0);
	CHECK_EQ(set_brk(0), top);
	CHECK_EQ(set_brk(1), top);	/* below the start: refused */
}

TEST(grow_touch_shrink)
{
	long top = set_brk(0);
	volatile char *p = (char *)((top + PAGE - 1) & -PAGE);

	CHECK_EQ(set_brk((long)p + 10 * PAGE), (long)p + 10 * PAGE);
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(p[i * PAGE], 0);
		p[i * PAGE] = i + 1;
	}
	CHECK_EQ(set_brk((long)p + 2 * PAGE), (long)p + 2 * PAGE);
	CHECK_EQ(p[PAGE], 2);
	CHECK_SIGNAL(SIGSEGV, p[2 * PAGE] = 1);
	CHECK_EQ(set_brk((long)p + 10 * PAGE), (long)p + 10 * PAGE);
	CHECK_EQ(p[5 * PAGE], 0);
}

TEST(not_page_aligned)
{
	long top = (set_brk(0) + PAGE - 1) & -PAGE;

	CHECK_EQ(set_brk(top + 100), top + 100);
	*(volatile char *)(top + PAGE - 1) = 1;
	CHECK_EQ(set_brk(top + 200), top + 200);
	CHECK_EQ(*(volatile char *)(top + PAGE - 1), 1);
}

TEST(stops_at_a_mapping)
{
	long top = (set_brk(0) + PAGE - 1) & -PAGE, now;

	CHECK_EQ(set_brk(top), top);
	CHECK(mmap((void *)(top + 16 * PAGE), PAGE, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
	now = set_brk(0);
	CHECK_EQ(set_brk(top + 20 * PAGE), now);
	CHECK_EQ(set_brk(1L << 46), now);
}

TEST(child_has_its_own)
{
	long top = (set_brk(0) + PAGE - 1) & -PAGE;

	CHECK_EQ(set_brk(top + PAGE), top + PAGE);
	*(volatile char *)top = 5;
	CHECK_CHILD(
		CHECK_EQ(set_brk(0), top + PAGE);
		*(volatile char *)top = 6;
		CHECK_EQ(set_brk(top + 8 * PAGE), top + 8 * PAGE));
	CHECK_EQ(set_brk(0), top + PAGE);
	CHECK_EQ(*(volatile char *)top, 5);
}

TEST(heap_is_named_in_maps)
{
	long top = (set_brk(0) + PAGE - 1) & -PAGE;

	set_brk(top + PAGE);
	CHECK(strstr(read_file("/proc/self/maps"), "[heap]"));
	CHECK(strstr(read_file("/proc/self/maps"), "[stack]"));
}
