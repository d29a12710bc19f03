/*
 * wrong: the joined block begins at the freed page, also when the buddy lies below
 * fails: all_merged
 * hint: hints/merge.md
 */
static void give_block(struct page *page, unsigned order)
{
	u64 pfn = page_to_pfn(page);
	BUG_ON(pfn & ((1UL << order) - 1));	/* M2 */
	zone.free_pages += 1UL << order;
	for (; order < MAX_ORDER - 1; order++) {
		u64 buddy = pfn ^ 1UL << order;
		if (buddy >= max_pfn || !(mem_map[buddy].flags & PG_buddy) || mem_map[buddy].order != order)
			break;
		del_block(&mem_map[buddy], order);
	}
	add_block(&mem_map[pfn], order);
}
