/*
 * wrong: blocks of the largest order are joined too
 * fails: every_page_once all_merged
 * hint: hints/merge.md
 */
static void give_block(struct page *page, unsigned order)
{
	u64 pfn = page_to_pfn(page);
	BUG_ON(pfn & ((1UL << order) - 1));	/* M2 */
	zone.free_pages += 1UL << order;
	for (; order < MAX_ORDER; order++) {
		u64 buddy = pfn ^ 1UL << order;
		if (buddy >= max_pfn || !(mem_map[buddy].flags & PG_buddy) || mem_map[buddy].order != order)
			break;
		del_block(&mem_map[buddy], order);
		pfn &= buddy;
	}
	add_block(&mem_map[pfn], order);
}
