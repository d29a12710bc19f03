/*
 * wrong: a freed block stays as it is
 * fails: all_merged out_of_order
 * hint: hints/merge.md
 */
static void give_block(struct page *page, unsigned order)
{
	u64 pfn = page_to_pfn(page);
	BUG_ON(pfn & ((1UL << order) - 1));	/* M2 */
	zone.free_pages += 1UL << order;
	add_block(&mem_map[pfn], order);
}
