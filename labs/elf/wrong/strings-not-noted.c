/*
 * wrong: arg_start to env_end are left as they were: /proc/PID/cmdline and ps see nothing
 * fails: stack_layout
 * hint: hints/stack.md
 */
static int create_elf_tables(struct linux_binprm *bprm, const struct elf_image *image, u64 interp_bias)
{
	struct mm_struct *mm = current->mm;
	u64 random[2] = { get_random_u64(), get_random_u64() }, platform = bprm->p - 8, random_at = platform - 16;
	unsigned n = fill_auxv(mm->saved_auxv, bprm, image, interp_bias, platform, random_at);
	u64 words = 1 + bprm->argc + 1 + bprm->envc + 1 + n;
	u64 __user *sp = (u64 *)((random_at - words * sizeof(u64)) & ~15UL);
	u64 strings = mm->arg_start;

	bprm->p = (u64)sp;
	if (copy_to_user((void *)platform, "x86_64", 7) || copy_to_user((void *)random_at, random, sizeof(random)))
		return -EFAULT;
	if (put_user((u64)bprm->argc, sp++))
		return -EFAULT;
	int err = put_pointers(&sp, &strings, bprm->argc);
	if (!err)
		err = put_pointers(&sp, &strings, bprm->envc);
	if (!err && copy_to_user(sp, mm->saved_auxv, n * sizeof(u64)))
		err = -EFAULT;
	return err;
}
