/*
 * The radix tree of radix.h.
 *
 *   height 2, index 130 = 2 * 64 + 2         root -> [0][1][2]...[63]
 *                                                          `-> [0][1][2]...[63]
 *                                                                     `-> item
 *
 * A failed insert may leave a taller root, which holds the same items; what it began below goes again.
 */
#include "radix.h"
#include "uapi/errno.h"

#define BITS 6
#define SLOTS (1u << BITS)
#define MAX_HEIGHT DIV_ROUND_UP(64, BITS)

struct radix_node {
	unsigned count;			/* slots in use */
	void *slots[SLOTS];
};

static bool too_high(const struct radix_root *root, unsigned long index)
{
	return root->height * BITS < 64 && index >> root->height * BITS;
}

static inline void **slot_of(struct radix_node *node, unsigned long index, unsigned level)
{
	return &node->slots[index >> level * BITS & (SLOTS - 1)];
}

void *radix_lookup(const struct radix_root *root, unsigned long index)
{
	void *p = root->node;

	if (!p || too_high(root, index))
		return NULL;
	for (unsigned level = root->height; level-- && p;)
		p = *slot_of(p, index, level);
	return p;
}

/* Frees the nodes on the way to index that have nothing in them. */
static void prune(struct radix_root *root, unsigned long index)
{
	void **path[MAX_HEIGHT], **link = (void **)&root->node;
	unsigned n = 0;

	for (unsigned level = root->height; level-- && *link; link = slot_of(*link, index, level))
		path[n++] = link;
	while (n && !((struct radix_node *)*path[n - 1])->count) {
		radix_node_free(*path[--n]);
		*path[n] = NULL;
		if (n)
			((struct radix_node *)*path[n - 1])->count--;
	}
	if (!root->node)
		root->height = 0;
}

int radix_insert(struct radix_root *root, unsigned long index, void *item)
{
	struct radix_node *node = NULL;
	void **link = (void **)&root->node;

	for (; !root->height || too_high(root, index); root->height++) {
		if (!root->node)
			continue;	/* an empty tree starts as tall as it must be */
		node = radix_node_alloc(sizeof(*node));
		if (!node)
			return -ENOMEM;
		node->slots[0] = root->node;
		node->count = 1;
		root->node = node;
	}
	node = NULL;
	for (unsigned level = root->height; level--; link = slot_of(node, index, level)) {
		if (!*link) {
			*link = radix_node_alloc(sizeof(*node));
			if (!*link) {
				prune(root, index);
				return -ENOMEM;
			}
			if (node)
				node->count++;
		}
		node = *link;
	}
	if (*link)
		return -EEXIST;
	*link = item;
	node->count++;
	return 0;
}

void *radix_delete(struct radix_root *root, unsigned long index)
{
	void *p = root->node, *item = radix_lookup(root, index);

	if (!item)
		return NULL;
	for (unsigned level = root->height; --level;)
		p = *slot_of(p, index, level);
	*slot_of(p, index, 0) = NULL;
	((struct radix_node *)p)->count--;
	prune(root, index);
	return item;
}

void *radix_next(const struct radix_root *root, unsigned long *index)
{
	unsigned long i = *index;

restart:
	if (!root->node || too_high(root, i))
		return NULL;
	void *p = root->node;

	for (unsigned level = root->height; level--;) {
		struct radix_node *node = p;
		unsigned first = i >> level * BITS & (SLOTS - 1), slot = first;

		while (slot < SLOTS && !node->slots[slot])
			slot++;
		if (slot == SLOTS) {	/* nothing more below this node: on to the right */
			unsigned shift = (level + 1) * BITS;

			i = shift < 64 ? ((i >> shift) + 1) << shift : 0;
			if (!i)
				return NULL;
			goto restart;
		}
		if (slot != first)
			i = ((i >> level * BITS) + slot - first) << level * BITS;
		p = node->slots[slot];
	}
	*index = i;
	return p;
}
