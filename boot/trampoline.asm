; The first instructions of every processor but the first. A SIPI starts it in real mode at cs = 0x800, ip = 0, where
; smp_init (kernel/x86/smp.c) has copied this. It borrows the boot page tables for the jump up, and leaves them at once.
; SDM 3A 9.4.4 (MP initialization), 10.8.5 (IA-32e mode).

%include "offsets.inc"

TRAMPOLINE equ 0x8000
%define AT(label) (TRAMPOLINE + label - trampoline_start)	; where a label is while this runs

extern early_pgd, secondary_start

section .rodata
global trampoline_start, trampoline_end
bits 16
trampoline_start:
	cli
	cld
	xor ax, ax
	mov ds, ax
	o32 lgdt [AT(gdtr)]
	mov eax, 1 << 5			; CR4: PAE
	mov cr4, eax
	mov eax, early_pgd
	mov cr3, eax
	mov ecx, 0xc0000080		; EFER: SCE, LME, NXE
	mov eax, 1 << 0 | 1 << 8 | 1 << 11
	xor edx, edx
	wrmsr
	mov eax, 1 << 31 | 1 << 16 | 1 << 5 | 1 << 4 | 1 << 1 | 1	; CR0: PG WP NE ET MP PE
	mov cr0, eax
	jmp dword 0x10:AT(long_mode)
bits 64
long_mode:
	mov eax, 0x18
	mov ss, eax
	mov ds, eax
	mov es, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	mov rax, secondary_high
	jmp rax
align 8
gdt:
	dq 0, 0
	dq 0x00af9b000000ffff		; 0x10 code, 64-bit
	dq 0x00cf93000000ffff		; 0x18 data
gdtr:
	dw 4 * 8 - 1
	dd AT(gdt)
trampoline_end:

section .text
secondary_high:
	mov rax, [secondary_pgd]
	mov cr3, rax
	mov rsp, [secondary_stack]
	sub rsp, REGS_SIZE		; as every kernel stack begins
	mov rdi, [secondary_cpu]
	xor ebp, ebp			; the backtrace ends here
	call secondary_start
	ud2

section .data
global secondary_pgd, secondary_stack, secondary_cpu
secondary_pgd:		dq 0
secondary_stack:	dq 0
secondary_cpu:		dq 0
