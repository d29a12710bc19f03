/*
 * wrong: the search begins at the largest blocks
 * fails: smallest_first
 * hint: hints/split.md
 */
static struct page *take_block(unsigned order)
{
	unsigned o = MAX_ORDER;
	while (o > order && list_empty(&zone.list[o - 1]))
		o--;
	if (o-- == order)
		return NULL;
	struct page *page = list_first_entry(&zone.list[o], struct page, lru);
	del_block(page, o);
	while (o-- > order)		/* split: the upper halves stay free */
		add_block(page + (1UL << o), o);
	zone.free_pages -= 1UL << order;
	return page;
}
