/*
 * Red-black trees, as in Linux's rbtree.h: the user walks down and links,
 * the library (lib/rbtree.c) rebalances.
 */
#pragma once
#include "types.h"

struct rb_node {
	unsigned long parent_color;	/* parent pointer; bit 0: 1 = black */
	struct rb_node *left, *right;
};
struct rb_root {
	struct rb_node *node;
};
struct rb_root_cached {			/* also knows its leftmost node */
	struct rb_root root;
	struct rb_node *leftmost;
};

#define RB_ROOT (struct rb_root){ NULL }
#define RB_ROOT_CACHED (struct rb_root_cached){ { NULL }, NULL }
#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member)                                                           \
	({ struct rb_node *_p = (ptr); _p ? rb_entry(_p, type, member) : NULL; })

/* Hangs node below parent at *link (red); follow with rb_insert_color. */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->parent_color = (unsigned long)parent;
	node->left = node->right = NULL;
	*link = node;
}
static inline struct rb_node *rb_parent(const struct rb_node *n) { return (struct rb_node *)(n->parent_color & ~3UL); }

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
/* The cached forms keep root->leftmost true; leftmost says the new node came left of all. */
void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root, bool leftmost);
void rb_erase_cached(struct rb_node *node, struct rb_root_cached *root);
