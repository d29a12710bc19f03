; The first instructions. Two doors, one hall:
;
;   GRUB (BIOS or UEFI)  -> _start      eax = 0x36d76289, ebx = Multiboot2 information   \  32-bit protected
;   QEMU -kernel (PVH)   -> pvh_start   ebx = struct hvm_start_info                      /  mode, paging off
;
;   1 check for CPUID, long mode and NX    3 CR4, CR3, EFER, CR0: whole values, nothing of the
;   2 build early page tables                firmware's is kept (OVMF leaves its own CR3 and EFER)
;                                          4 far jump to 64-bit code, jump high, C
;
; Early map: the first GiB three times, with 2 MiB pages: at 0, at PAGE_OFFSET (slot 273 of the pgd) and at
; KERNEL_BASE (slot 511, then 510). mm/pgtable.c replaces it.
; Multiboot2 specification 3.1 (header), 3.3 (machine state); Xen's docs/misc/pvh.pandoc; SDM 3A 9.8.5.

%include "offsets.inc"

KERNEL_BASE   equ 0xffffffff80000000
MB2_MAGIC     equ 0x36d76289

section .multiboot
align 8
mb2_header:
	dd 0xe85250d6, 0, mb2_end - mb2_header
	dd 0x100000000 - (0xe85250d6 + (mb2_end - mb2_header))
align 8					; tag 5: a linear framebuffer if there can be one
	dw 5, 1
	dd 20, 1024, 768, 32
align 8					; end
	dw 0, 0
	dd 8
mb2_end:

section .note.pvh note alloc noexec nowrite align=4
	dd 4, 4, 18			; XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dd pvh_start

bits 32
section .boot.text
global _start, pvh_start
extern _end, halt32
_start:
	xor ebp, ebp			; ebp: which door; edi: its information
	mov edi, ebx
	cmp eax, MB2_MAGIC
	mov esi, no_multiboot
	jne halt32
	mov ebp, 1
	jmp both
pvh_start:
	mov ebp, 2
	mov edi, ebx
	mov esi, no_memory		; QEMU lays the archive at the end of memory, over the kernel if need be
	cmp dword [ebx + 12], 0		; number of modules, list of them, the first one's address
	je both
	mov eax, [ebx + 16]
	cmp dword [eax], _end - KERNEL_BASE
	jb halt32

both:
	cli
	cld
	mov esp, boot_stack_top
	; 1. CPUID exists when the ID bit of eflags can be changed (SDM 1, 20.1.2)
	pushfd
	pop eax
	mov ecx, eax
	xor eax, 1 << 21
	push eax
	popfd
	pushfd
	pop eax
	xor eax, ecx
	mov esi, no_cpuid
	jz halt32
	mov eax, 0x80000000
	cpuid				; destroys ebx
	mov esi, no_long_mode
	cmp eax, 0x80000001
	jb halt32
	mov eax, 0x80000001
	cpuid
	bt edx, 29			; LM
	jnc halt32
	mov esi, no_nx
	bt edx, 20			; NX
	jnc halt32

	; 2. early page tables
	mov eax, early_pud_low + 3
	mov [early_pgd], eax
	mov [early_pgd + 273 * 8], eax
	mov dword [early_pgd + 511 * 8], early_pud_high + 3
	mov dword [early_pud_low], early_pmd + 3
	mov dword [early_pud_high + 510 * 8], early_pmd + 3
	mov eax, 0x83			; present, writable, 2 MiB
	xor ecx, ecx
.fill:	mov [early_pmd + ecx * 8], eax
	add eax, 0x200000
	inc ecx
	cmp ecx, 512
	jb .fill

	; 3. into long mode
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
	lgdt [boot_gdtr]
	jmp 0x10:long_mode

no_multiboot	db "Cutaway: not loaded by a Multiboot2 boot loader", 13, 10, 0
no_memory	db "Cutaway: too little memory: the initramfs lies over the kernel", 13, 10, 0
no_cpuid	db "Cutaway: this processor has no CPUID; an x86-64 processor is needed", 13, 10, 0
no_long_mode	db "Cutaway: this processor has no long mode; an x86-64 processor is needed", 13, 10, 0
no_nx		db "Cutaway: this processor has no NX (no-execute) bit, or the firmware has turned it off", 13, 10, 0

bits 64
long_mode:
	mov eax, 0x18
	mov ss, eax
	mov ds, eax
	mov es, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	mov rax, high
	jmp rax

section .boot.data write
align 8
boot_gdt:				; same selectors as the final one (asm/ptrace.h)
	dq 0, 0
	dq 0x00af9b000000ffff		; 0x10 code, 64-bit
	dq 0x00cf93000000ffff		; 0x18 data
boot_gdtr:
	dw 4 * 8 - 1
	dq boot_gdt

section .boot.bss write nobits
alignb 4096
global early_pgd				; boot/trampoline.asm uses it too
early_pgd:	resb 4096
early_pud_low:	resb 4096
early_pud_high:	resb 4096
early_pmd:	resb 4096
boot_stack:	resb 256
global boot_stack_top
boot_stack_top:

; ---- high half ----
section .init.text exec
extern boot_main
high:
	mov rsp, init_stack + KSTACK_SIZE - REGS_SIZE
	mov esi, edi			; boot_main(door, information)
	mov edi, ebp
	xor ebp, ebp			; the backtrace ends here
	call boot_main
	ud2

section .bss nobits
alignb 4096
global init_stack, init_stack_guard
init_stack_guard: resb 4096		; unmapped by paging_init
init_stack:	resb KSTACK_SIZE	; PID 0's
