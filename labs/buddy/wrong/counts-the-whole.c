/*
 * wrong: free_pages loses the block that was found, not the one that is handed out
 * fails: nothing_wasted every_page_once
 * hint: hints/split.md
 */
static struct page *take_block(unsigned order)
{
	unsigned o = order;
	while (o < MAX_ORDER && list_empty(&zone.list[o]))
		o++;
	if (o == MAX_ORDER)
		return NULL;
	struct page *page = list_first_entry(&zone.list[o], struct page, lru);
	del_block(page, o);
	zone.free_pages -= 1UL << o;
	while (o-- > order)		/* split: the upper halves stay free */
		add_block(page + (1UL << o), o);
	return page;
}
