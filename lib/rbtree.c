/*
 * Red-black trees: after a node was linked in, and when one is taken out, the balance is kept by these rules.
 *
 *   1  the root is black (and a missing child counts as black)
 *   2  a red node has black children
 *   3  every path from a node down to a missing child passes the same number of black nodes
 *
 * So the longest path is at most twice the shortest. A case and its mirror image are one piece of code
 * here: child(n, side) is left or right, and !side is the other one.
 */
#include "rbtree.h"

#define BLACK 1UL

static inline struct rb_node **child(struct rb_node *n, bool right) { return right ? &n->right : &n->left; }
static inline struct rb_node *rb_parent(const struct rb_node *n) { return (struct rb_node *)(n->parent_color & ~BLACK); }
static inline bool is_black(const struct rb_node *n) { return !n || n->parent_color & BLACK; }
static inline void set_black(struct rb_node *n) { n->parent_color |= BLACK; }
static inline void set_red(struct rb_node *n) { n->parent_color &= ~BLACK; }
static inline void set_parent(struct rb_node *n, struct rb_node *p)
{
	n->parent_color = (unsigned long)p | (n->parent_color & BLACK);
}

/* Whatever points to old from above points to new. */
static inline void replace(struct rb_root *root, struct rb_node *parent, struct rb_node *old, struct rb_node *new)
{
	if (!parent)
		root->node = new;
	else
		*child(parent, parent->right == old) = new;
}

/*      n                c
 *     / \     ->       / \       n's child on the far side of `right` goes up, n goes down to
 *    a   c            n   e      side `right` of it (picture: right = false)
 *       / \          / \
 *      b   e        a   b
 */
static void rotate(struct rb_root *root, struct rb_node *n, bool right)
{
	struct rb_node *c = *child(n, !right), *b = *child(c, right), *parent = rb_parent(n);

	*child(n, !right) = b;
	if (b)
		set_parent(b, n);
	*child(c, right) = n;
	set_parent(c, parent);
	replace(root, parent, n, c);
	set_parent(n, c);
}

static void insert_color(struct rb_node *n, struct rb_root *root)
{
	struct rb_node *parent, *grand, *uncle;

	/* n is red: only rule 2 between n and its parent can be broken. */
	while ((parent = rb_parent(n)) && !is_black(parent)) {
		grand = rb_parent(parent);
		bool side = parent == grand->right;

		uncle = *child(grand, !side);
		if (!is_black(uncle)) {		/* push the red up */
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			n = grand;
			continue;
		}
		if (n == *child(parent, !side)) {	/* inner grandchild: make it an outer one */
			rotate(root, parent, side);
			parent = n;
		}
		set_black(parent);
		set_red(grand);
		rotate(root, grand, !side);
		break;
	}
	set_black(root->node);
}

/* Whether it came left of all. */
static bool link_and_balance(struct rb_node *n, struct rb_root *root, rb_less_t *less)
{
	struct rb_node **link = &root->node, *parent = NULL;
	bool leftmost = true;
	while (*link) {
		bool right = !less(n, *link);
		parent = *link;
		link = child(parent, right);
		leftmost &= !right;
	}
	*n = (struct rb_node){ (unsigned long)parent, NULL, NULL };
	*link = n;
	insert_color(n, root);
	return leftmost;
}

void rb_add(struct rb_node *n, struct rb_root *root, rb_less_t *less) { link_and_balance(n, root, less); }

void rb_add_cached(struct rb_node *n, struct rb_root_cached *root, rb_less_t *less)
{
	if (link_and_balance(n, &root->root, less))
		root->leftmost = n;
}

/* Paths through n (may be NULL), a child of parent, lack one black. */
static void erase_color(struct rb_node *n, struct rb_node *parent, struct rb_root *root)
{
	while (parent && is_black(n)) {
		/* By rule 3 there is a sibling: a missing n is where no child is. */
		bool side = n ? n == parent->right : !parent->right;
		struct rb_node *s = *child(parent, !side);

		if (!is_black(s)) {		/* red sibling: get a black one */
			set_black(s);
			set_red(parent);
			rotate(root, parent, side);
			s = *child(parent, !side);
		}
		if (is_black(s->left) && is_black(s->right)) {
			set_red(s);		/* its paths lack one as well: the debt moves up */
			n = parent;
			parent = rb_parent(n);
			continue;
		}
		if (is_black(*child(s, !side))) {	/* red inner nephew: make it the outer one */
			set_black(*child(s, side));
			set_red(s);
			rotate(root, s, !side);
			s = *child(parent, !side);
		}
		s->parent_color = (s->parent_color & ~BLACK) | (parent->parent_color & BLACK);
		set_black(parent);
		set_black(*child(s, !side));
		rotate(root, parent, side);
		return;
	}
	if (n)
		set_black(n);
}

void rb_erase(struct rb_node *n, struct rb_root *root)
{
	struct rb_node *parent = rb_parent(n), *up;
	bool lost_black = is_black(n);

	if (n->left && n->right) {
		/* The successor, which has no left child, takes n's place and colour. */
		struct rb_node *s = n->right;

		while (s->left)
			s = s->left;
		lost_black = is_black(s);
		struct rb_node *c = s->right;

		up = rb_parent(s);
		if (up == n) {
			up = s;
		} else {
			up->left = c;
			if (c)
				set_parent(c, up);
			s->right = n->right;
			set_parent(s->right, s);
		}
		s->left = n->left;
		set_parent(s->left, s);
		s->parent_color = n->parent_color;
		replace(root, parent, n, s);
		if (lost_black)
			erase_color(c, up, root);
		return;
	}
	up = n->left ? n->left : n->right;
	replace(root, parent, n, up);
	if (up)
		set_parent(up, parent);
	if (lost_black)
		erase_color(up, parent, root);
}

static struct rb_node *end_of(struct rb_node *n, bool right)
{
	while (n && *child(n, right))
		n = *child(n, right);
	return n;
}

static inline struct rb_node *step(const struct rb_node *node, bool right)
{
	struct rb_node *n = (struct rb_node *)node, *parent;

	if (*child(n, right))
		return end_of(*child(n, right), !right);
	while ((parent = rb_parent(n)) && n == *child(parent, right))
		n = parent;
	return parent;
}

struct rb_node *rb_first(const struct rb_root *root) { return end_of(root->node, false); }
struct rb_node *rb_last(const struct rb_root *root) { return end_of(root->node, true); }
struct rb_node *rb_next(const struct rb_node *node) { return step(node, true); }
struct rb_node *rb_prev(const struct rb_node *node) { return step(node, false); }

void rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	if (root->leftmost == node)
		root->leftmost = rb_next(node);
	rb_erase(node, &root->root);
}
