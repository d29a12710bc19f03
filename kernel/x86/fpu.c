/*
 * x87, SSE and AVX state. It is saved when a task is switched out and loaded when it is switched in (S5): a task
 * can't tell that it was away. The kernel itself is compiled without these registers.
 *
 *   area: FXSAVE image of 512 bytes, or with XSAVE: that, a 64-byte header, then the components of XCR0
 *
 * Kernel threads have no area. In Linux: arch/x86/kernel/fpu/. SDM 1, chapter 13.
 */
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/x86/x86.h"
#include "mm/mm.h"
#include "string.h"
#include "uapi/sigcontext.h"

#define XFEATURE_X87_SSE 3UL
#define XFEATURE_AVX 4UL
#define MXCSR_DEFAULT 0x1f80
#define XSAVE_HDR 512				/* xstate_bv at its start */

static u32 fpu_size = 512;			/* bytes of a task's state; with XSAVE that area's */
u64 fpu_xfeatures;
static u32 mxcsr_mask = 0xffbf;
static struct kmem_cache *fpu_cache;
static u8 init_state[4096] __aligned(64);

static void save(void *state)
{
	if (fpu_xfeatures)
		xsave(state, fpu_xfeatures);
	else
		fxsave(state);
}

static void restore(const void *state)
{
	if (fpu_xfeatures)
		xrstor(state, fpu_xfeatures);
	else
		fxrstor(state);
}

/* Each processor for itself. */
void fpu_init_cpu(void)
{
	if (fpu_xfeatures)
		xsetbv(0, fpu_xfeatures);
	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	fninit();
	ldmxcsr(MXCSR_DEFAULT);
}

void __init fpu_init(void)
{
	if (cpu_has.xsave)
		fpu_xfeatures = cpuid(0xd, 0).eax & (XFEATURE_X87_SSE | (cpu_has.avx ? XFEATURE_AVX : 0));
	fpu_init_cpu();
	if (fpu_xfeatures)
		fpu_size = cpuid(0xd, 0).ebx;	/* for what XCR0 enables now */
	BUG_ON(fpu_size > sizeof(init_state));
	save(init_state);
	if (*(u32 *)(init_state + 28))
		mxcsr_mask = *(u32 *)(init_state + 28);
	fpu_cache = kmem_cache_create("fpu_state", fpu_size, 64);
}

int fpu_alloc(struct task_struct *p)
{
	p->thread.fpu.state = kmem_cache_alloc(fpu_cache, GFP_KERNEL);
	if (!p->thread.fpu.state)
		return -ENOMEM;
	rep_movsq(p->thread.fpu.state, init_state, fpu_size / 8);
	return 0;
}

void fpu_free(struct task_struct *p)
{
	if (p->thread.fpu.state)
		kmem_cache_free(fpu_cache, p->thread.fpu.state);
	p->thread.fpu.state = NULL;
}

/* The child's copy of what the registers hold now. */
void fpu_copy(struct task_struct *dst)
{
	if (!dst->thread.fpu.state || !current->thread.fpu.state)
		return;
	preempt_disable();
	save(dst->thread.fpu.state);
	preempt_enable();
}

void fpu_reset(void)
{
	preempt_disable();
	restore(init_state);
	preempt_enable();
}

void fpu_switch(struct task_struct *prev, struct task_struct *next)
{
	if (prev->thread.fpu.state)
		save(prev->thread.fpu.state);
	if (next->thread.fpu.state)
		restore(next->thread.fpu.state);
}

/* ---- signal frames: the image, with Linux's magic words round it when it is an XSAVE image ---- */
size_t fpu_frame_size(void) { return fpu_xfeatures ? fpu_size + sizeof(u32) : fpu_size; }

int fpu_save_frame(void __user *buf)
{
	u8 *state = current->thread.fpu.state;
	u32 magic2 = FP_XSTATE_MAGIC2;
	struct fpx_sw_bytes sw = { FP_XSTATE_MAGIC1, fpu_frame_size(), fpu_xfeatures, fpu_size, { 0 } };

	preempt_disable();
	save(state);
	preempt_enable();
	if (!fpu_xfeatures)
		return copy_to_user(buf, state, fpu_size) ? -EFAULT : 0;
	memcpy(state + 464, &sw, sizeof(sw));	/* bytes the processor leaves to software */
	if (copy_to_user(buf, state, fpu_size) || copy_to_user((u8 __user *)buf + fpu_size, &magic2, 4))
		return -EFAULT;
	return 0;
}

/* What user mode may not set would make xrstor fault: unknown MXCSR bits, components not in XCR0, header bytes. */
static int sanitize(u8 *state, bool has_header)
{
	struct { u64 xstate_bv, xcomp_bv, reserved[6]; } *hdr = (void *)(state + XSAVE_HDR);

	*(u32 *)(state + 24) &= mxcsr_mask;
	if (!fpu_xfeatures)
		return 0;
	if (!has_header) {
		memset(hdr, 0, sizeof(*hdr));
		hdr->xstate_bv = XFEATURE_X87_SSE;
		return 0;
	}
	if (hdr->xstate_bv & ~fpu_xfeatures || hdr->xcomp_bv)
		return -EINVAL;
	memset(hdr->reserved, 0, sizeof(hdr->reserved));
	return 0;
}

int fpu_restore_frame(const void __user *buf)
{
	int err = -EFAULT;
	if (!buf) {
		fpu_reset();
		return 0;
	}
	/* Not the task's own area: a switch between copy and xrstor would save over it. */
	u8 *tmp = kmem_cache_alloc(fpu_cache, GFP_KERNEL);
	if (!tmp)
		return -ENOMEM;
	if (copy_from_user(tmp, buf, 512))
		goto out;
	struct fpx_sw_bytes *sw = (void *)(tmp + 464);
	bool full = fpu_xfeatures && sw->magic1 == FP_XSTATE_MAGIC1 && sw->xstate_size == fpu_size;
	if (full && copy_from_user(tmp + 512, (const u8 __user *)buf + 512, fpu_size - 512))
		goto out;
	err = sanitize(tmp, full);
	if (!err) {
		preempt_disable();
		restore(tmp);
		preempt_enable();
	}
out:
	kmem_cache_free(fpu_cache, tmp);
	return err;
}
