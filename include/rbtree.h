/*
 * Red-black trees, as in Linux's rbtree.h: the user says what comes before what, and walks down to find
 * (lib/rbtree.c).
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

typedef bool rb_less_t(const struct rb_node *a, const struct rb_node *b);
/* Puts node where it belongs, behind its equals. */
void rb_add(struct rb_node *node, struct rb_root *root, rb_less_t *less);
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
/* The cached forms keep root->leftmost true. */
void rb_add_cached(struct rb_node *node, struct rb_root_cached *root, rb_less_t *less);
void rb_erase_cached(struct rb_node *node, struct rb_root_cached *root);
