/*
 * wrong: only the first half that is split off stays free, the smaller ones are lost
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
	if (o > order)
		add_block(page + (1UL << (o - 1)), o - 1);
	zone.free_pages -= 1UL << order;
	return page;
}
