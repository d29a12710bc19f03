/* Private to kernel/x86 and the doors in kernel/: what the PC's parts show one another. */
#pragma once
#include "asm/cpu.h"

#define IST_DF 1			/* index + 1 into tss.ist */
#define IST_NMI 2
#define IST_MCE 3
void idt_init(void);
void tsc_calibrate(void);		/* by PIT channel 2: tsc_khz, 0 when there is no PIT */
void acpi_init(void);			/* finds the FADT: power-off, reset */
extern char iret_user[];

/* What __switch_to_asm pops and copy_thread lays out for a new task. */
struct inactive_task_frame {
	u64 r15, r14, r13, r12, rbx, rbp, ret_addr;
};
