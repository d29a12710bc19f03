/*
 * wrong: each half that stays free is entered with the order of the whole
 * fails: every_page_once smallest_first
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
	for (; o > order; o--)
		add_block(page + (1UL << (o - 1)), o);
	zone.free_pages -= 1UL << order;
	return page;
}
