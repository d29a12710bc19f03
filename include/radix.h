/*
 * A radix tree from unsigned long to pointers: 64 slots a node, as deep as the largest index needs.
 * The page cache of a file is one. Callers lock. In Linux: lib/xarray.c.
 */
#pragma once
#include "types.h"

struct radix_node;
struct radix_root {
	struct radix_node *node;
	unsigned height;		/* levels; 0: empty */
};

/* 0, -EEXIST, -ENOMEM (the tree is as before). item is not NULL. */
int radix_insert(struct radix_root *root, unsigned long index, void *item);
void *radix_lookup(const struct radix_root *root, unsigned long index);
/* The item that was there or NULL; empty nodes are freed. */
void *radix_delete(struct radix_root *root, unsigned long index);
/* The first item at or after *index; *index becomes its index. NULL at the end. */
void *radix_next(const struct radix_root *root, unsigned long *index);

/* Door: nodes come from whoever owns memory (mm/slab.c; malloc on the host). Zeroed memory or NULL. */
void *radix_node_alloc(size_t size);
void radix_node_free(void *node);
