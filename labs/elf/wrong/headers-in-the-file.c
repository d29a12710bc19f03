/*
 * wrong: AT_PHDR is the headers' offset in the file
 * fails: auxiliary_vector
 * hint: hints/auxv.md
 */
static unsigned fill_auxv(u64 *aux, struct linux_binprm *bprm, const struct elf_image *image, u64 interp_bias, u64 platform, u64 random)
{
	const struct cred *cred = current->cred;
	u64 *a = aux;

#define AUX(id, val) (*a++ = (id), *a++ = (val))
	AUX(AT_MINSIGSTKSZ, ALIGN(932 + fpu_frame_size(), 16));	/* the largest frame of all ABIs, as Linux counts it */
	AUX(AT_HWCAP, cpuid(1, 0).edx);
	AUX(AT_PAGESZ, PAGE_SIZE);
	AUX(AT_CLKTCK, USER_HZ);
	AUX(AT_PHDR, image->hdr.e_phoff);
	AUX(AT_PHENT, sizeof(struct elf64_phdr));
	AUX(AT_PHNUM, image->hdr.e_phnum);
	AUX(AT_BASE, interp_bias);
	AUX(AT_FLAGS, 0);
	AUX(AT_ENTRY, image->bias + image->hdr.e_entry);
	AUX(AT_UID, cred->uid);
	AUX(AT_EUID, cred->euid);
	AUX(AT_GID, cred->gid);
	AUX(AT_EGID, cred->egid);
	AUX(AT_SECURE, bprm->secureexec);
	AUX(AT_RANDOM, random);
	AUX(AT_HWCAP2, read_cr4() & CR4_FSGSBASE ? 2 : 0);
	AUX(AT_EXECFN, bprm->exec);
	AUX(AT_PLATFORM, platform);
	AUX(AT_NULL, 0);
#undef AUX
	return a - aux;
}
