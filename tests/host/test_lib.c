/*
 * Proves: lib/ does what libc does (strings, printf) and what simple models do (trees, bitmaps), for
 * random inputs. Built with ASan and UBSan by test_lib.py; the kernel's functions are called k_memcpy ...
 * Usage: test_lib [seed]
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define dev_t kernel_dev_t	/* the one type that differs from libc's */
#include "rbtree.h"
#include "radix.h"
#include "bitmap.h"

void *k_memcpy(void *, const void *, size_t), *k_memmove(void *, const void *, size_t), *k_memset(void *, int, size_t);
void *k_memchr(const void *, int, size_t);
int k_memcmp(const void *, const void *, size_t), k_strcmp(const char *, const char *);
int k_strncmp(const char *, const char *, size_t);
size_t k_strlen(const char *), k_strnlen(const char *, size_t);
char *k_strchr(const char *, int), *k_strrchr(const char *, int), *k_strstr(const char *, const char *);
ssize_t strscpy(char *, const char *, size_t);
unsigned long long k_strtoull(const char *, char **, int);
long long k_strtoll(const char *, char **, int);
u64 memparse(const char *, char **);
int k_snprintf(char *, size_t, const char *, ...), scnprintf(char *, size_t, const char *, ...);

static long failures, checks;
#define CHECK(c) do { checks++; if (!(c)) { failures++; printf("%s:%d: %s\n", __FILE__, __LINE__, #c); } } while (0)
static unsigned rnd(unsigned n) { return n ? (unsigned)random() % n : 0; }
static int sign(int x) { return (x > 0) - (x < 0); }

static void test_memory(void)
{
	for (int round = 0; round < 100000; round++) {
		unsigned char a[300], b[300];
		unsigned n = rnd(rnd(4) ? 40 : 200), from = rnd(90), to = rnd(90);

		for (int i = 0; i < 300; i++)
			a[i] = b[i] = rnd(rnd(2) ? 2 : 256);
		switch (rnd(4)) {
		case 0: CHECK(k_memmove(a + to, a + from, n) == a + to); memmove(b + to, b + from, n); break;
		case 1: to += n + from; if (to + n > 300) continue;
			k_memcpy(a + to, a + from, n); memcpy(b + to, b + from, n); break;
		case 2: k_memset(a + to, from * 7, n); memset(b + to, from * 7, n); break;
		case 3: CHECK(sign(k_memcmp(a + from, b + to, n)) == sign(memcmp(b + from, b + to, n)));
			CHECK(k_memchr(a + from, to, n) == memchr(a + from, to, n)); break;
		}
		CHECK(!memcmp(a, b, 300));
	}
}

static char *random_string(unsigned max)
{
	unsigned n = rnd(max);
	char *s = malloc(n + 1);	/* exact: ASan sees a byte too far */

	for (unsigned i = 0; i < n; i++)
		s[i] = "abAB\xff"[rnd(5)];
	s[n] = 0;
	return s;
}

static void test_strings(void)
{
	for (int round = 0; round < 100000; round++) {
		char *a = random_string(20), *b = rnd(3) ? random_string(4) : strdup(a), out[16];
		unsigned n = rnd(20), size = 1 + rnd(15);
		int c = "abAB\xff"[rnd(6)];

		CHECK(k_strlen(a) == strlen(a) && k_strnlen(a, n) == strnlen(a, n));
		CHECK(sign(k_strcmp(a, b)) == sign(strcmp(a, b)));
		CHECK(sign(k_strncmp(a, b, n)) == sign(strncmp(a, b, n)));
		CHECK(k_strchr(a, c) == strchr(a, c) && k_strrchr(a, c) == strrchr(a, c));
		CHECK(k_strstr(a, b) == strstr(a, b));
		ssize_t r = strscpy(out, a, size);
		CHECK(strlen(out) == (strlen(a) < size ? strlen(a) : size - 1) && !strncmp(out, a, strlen(out)));
		CHECK(r == (strlen(a) < size ? (ssize_t)strlen(a) : -7));
		free(a);
		free(b);
	}
	static const char *const numbers[] = { "", "0", "12", " \t-34x", "+5", "0x1fG", "0X", "0xg", "-", "077", "08", "zz",
		"18446744073709551615", "18446744073709551616", "99999999999999999999999", "-1", "0x", "7fffffffffffffff", "a b" };
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		for (int base = 0; base <= 36; base += base ? 1 : 2) {
			char *e1, *e2;

			CHECK(k_strtoull(numbers[i], &e1, base) == strtoull(numbers[i], &e2, base) && e1 == e2);
		}
	CHECK(k_strtoll("-12", NULL, 10) == -12);
	char *end;
	CHECK(memparse("32M,", &end) == 32 << 20 && *end == ',');
	CHECK(memparse("1G", NULL) == 1 << 30 && memparse("512k", NULL) == 512 << 10 && memparse("0x10", NULL) == 16);
}

static void test_printf(void)
{
	for (int round = 0; round < 300000; round++) {
		char fmt[40] = "<%", a[80], b[80], *p = fmt + 2;
		unsigned size = rnd(3) ? 80 : rnd(30);
		static const char *const lengths[] = { "", "l", "ll", "z" };
		uint64_t v = (uint64_t)random() << 33 ^ (uint64_t)random() << 11 ^ random();
		int ra, rb, len = rnd(4), w = (int)rnd(30) - 10, kind = rnd(5);

		v = rnd(5) ? v >> rnd(64) : -(v >> rnd(64));
		for (unsigned i = rnd(4); i--;)
			*p++ = "0-#"[kind == 0 ? rnd(2) : kind == 1 ? rnd(3) : 1];
		bool star = rnd(3) == 0;
		p += star ? sprintf(p, "*") : rnd(2) ? sprintf(p, "%d", abs(w)) : 0;
		if (rnd(2))
			p += sprintf(p, ".%u", rnd(25));
		switch (kind) {
		case 0: p += sprintf(p, "%s%c>", lengths[len], "di"[rnd(2)]); break;
		case 1: p += sprintf(p, "%s%c>", lengths[len], "uxo"[rnd(3)]); break;
		case 2: p += sprintf(p, "s>"); break;
		default: p = fmt + 2 + sprintf(fmt + 2, star ? "*c%%>" : "c%%>");
		}
		memset(a, 1, 80);
		memset(b, 1, 80);
#define BOTH(...) (ra = k_snprintf(a, size, fmt, __VA_ARGS__), rb = snprintf(b, size, fmt, __VA_ARGS__))
#define ARG(x) (star ? BOTH(w, x) : BOTH(x))
		if (kind == 2)
			ARG("hello, world" + v % 12);
		else if (kind > 2)
			ARG('a' + (int)(v % 26));
		else if (len)
			ARG(v);
		else
			ARG((int)v);
		CHECK(ra == rb && !memcmp(a, b, 80));
		if (ra != rb || memcmp(a, b, 80))
			printf("  %s of %llx in %u: %d '%.70s', libc %d '%.70s'\n", fmt, (long long)v, size, ra, a, rb, b);
	}
	char s[8];
	CHECK(scnprintf(s, 8, "%s", "0123456789") == 7 && scnprintf(s, 0, "x") == 0 && scnprintf(s, 8, "%d", 5) == 1);
	CHECK(k_snprintf(s, 8, "%s", (char *)NULL) == 6);
}

struct item { struct rb_node node; int key; bool in; };
static bool key_before(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct item, node)->key < rb_entry(b, struct item, node)->key;
}

static int black_height(struct rb_node *n, struct rb_node *parent)
{
	if (!n)
		return 1;
	bool black = n->parent_color & 1;
	int l = black_height(n->left, n), r = black_height(n->right, n);

	CHECK((n->parent_color & ~1UL) == (unsigned long)parent && l == r && (black || (parent && (parent->parent_color & 1))));
	return l + black;
}

static void test_rbtree(void)
{
	enum { N = 200 };
	static struct item items[N];
	struct rb_root_cached root = RB_ROOT_CACHED;

	for (int round = 0; round < 30000; round++) {
		struct item *it = &items[rnd(round < 15000 ? N : 12)];

		it->key = it - items;
		if (it->in) {
			rb_erase_cached(&it->node, &root);
		} else {
			rb_add_cached(&it->node, &root, key_before);
		}
		it->in = !it->in;
		black_height(root.root.node, NULL);
		CHECK(root.leftmost == rb_first(&root.root) && (!root.root.node || (root.root.node->parent_color & 1)));
		struct rb_node *n = rb_first(&root.root), *last = NULL;
		for (int i = 0; i < N; i++)
			if (items[i].in) {
				CHECK(n == &items[i].node && rb_prev(n) == last);
				last = n;
				n = rb_next(n);
			}
		CHECK(!n && rb_last(&root.root) == last);
	}
}

static int nodes, fail_in = -1;
void *radix_node_alloc(size_t size) { return fail_in-- == 0 ? NULL : (nodes++, calloc(1, size)); }
void radix_node_free(void *node) { nodes--; free(node); }

static void test_radix(void)
{
	enum { N = 300 };
	unsigned long keys[N];
	bool in[N] = { 0 };
	struct radix_root root = { 0 };

	for (int i = 0; i < N; i++) {
		keys[i] = i < 100 ? i : ((unsigned long)random() << 33 ^ (unsigned long)random() << 2) >> rnd(64);
		for (int j = 0; j < i; j++)
			if (keys[j] == keys[i])
				keys[i] = ~0UL - i, j = -1;
	}
	for (int round = 0; round < 60000; round++) {
		int i = rnd(round % 20000 < 10000 ? N : 8);
		void *item = &keys[i];

		if (rnd(2)) {
			fail_in = rnd(3) ? -1 : (int)rnd(5);
			int err = radix_insert(&root, keys[i], item);

			CHECK(in[i] ? err == -17 : err == 0 || (err == -12 && fail_in < 0));
			in[i] |= err == 0;
			fail_in = -1;
		} else {
			CHECK(radix_delete(&root, keys[i]) == (in[i] ? item : NULL));
			in[i] = false;
		}
		CHECK(radix_lookup(&root, keys[i]) == (in[i] ? item : NULL));
		if (round % 100)
			continue;
		unsigned long at = rnd(2) ? 0 : keys[rnd(N)], found = at, best = 0;
		void *want = NULL;
		for (int j = 0; j < N; j++)
			if (in[j] && keys[j] >= at && (!want || keys[j] < best))
				want = &keys[j], best = keys[j];
		CHECK(radix_next(&root, &found) == want && (!want || found == best));
	}
	for (int i = 0; i < N; i++)
		radix_delete(&root, keys[i]);
	CHECK(nodes == 0 && !root.node && root.height == 0);
}

static void test_bitmap(void)
{
	for (int round = 0; round < 100000; round++) {
		unsigned long map[4], size = rnd(257), start = rnd(size + 1), one = start, zero = start;

		for (int i = 0; i < 4; i++)
			map[i] = rnd(3) ? -(unsigned long)rnd(2) : (unsigned long)random() << 32 ^ random();
		while (one < size && !test_bit(one, map))
			one++;
		while (zero < size && test_bit(zero, map))
			zero++;
		CHECK(find_next_bit(map, size, start) == one && find_next_zero_bit(map, size, start) == zero);
	}
}

int main(int argc, char **argv)
{
	srandom(argc > 1 ? atoi(argv[1]) : 1);
	test_memory();
	test_strings();
	test_printf();
	test_rbtree();
	test_radix();
	test_bitmap();
	printf("%ld checks, %ld failures\n", checks, failures);
	return failures != 0;
}
