; The doors into the kernel and out of it.
;
;   door         from          registers are saved by          C behind it
;   syscall      user          entry_syscall                   sys_call_table[rax]
;   int 0x80     user          entry_int80                     ia32_sys_call_table[eax]
;   exception    both          exc_N -> error_common           do_trap, do_page_fault
;   interrupt    both          irq_N -> irq_common             do_irq
;   NMI, #DF, #MC              paranoid_common, on IST stacks
;
; Each leaves a struct pt_regs (asm/ptrace.h) at rsp. User gs is swapped for the kernel's exactly when the door
; was passed from user mode. Out again: exit_to_user_mode() while there is work (signals, reschedule), then sysret
; where that is safe, else iretq.
; SDM 3A 6.12 (stack at an interrupt), 5.8.8 (syscall); System V ABI AMD64 A.2.1 (syscall registers).

%include "offsets.inc"

extern sys_call_table, ia32_sys_call_table, exit_to_user_mode, syscall_slow, syscall_limit, ia32_syscall_limit, preempt_schedule_irq
extern do_trap, do_page_fault, do_irq, do_nmi, schedule_tail, do_exit
global entry_syscall, entry_int80, ret_from_fork, ret_to_user, exception_stubs, irq_stubs

%macro PUSHES 1-*
%rep %0
	push %1
%rotate 1
%endrep
%endmacro
%macro POPS 1-*
%rep %0
	pop %1
%rotate 1
%endrep
%endmacro
%define PUSH_REGS PUSHES rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15	; the stubs saved rdi
%define POP_REGS POPS r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi

section .text

; ---- syscall: rax number, rdi rsi rdx r10 r8 r9 arguments; the processor left rip in rcx, eflags in r11 ----
align 16
entry_syscall:
	swapgs
	mov [gs:CPU_USER_RSP], rsp
	mov rsp, [gs:CPU_KSTACK_TOP]
	push SEL_USER_DS
	push qword [gs:CPU_USER_RSP]
	push r11
	push SEL_USER_CS
	push rcx
	push rax				; orig_rax
	push rdi
	PUSH_REGS
	sti
	mov eax, eax
	cmp eax, [syscall_limit]
	jae .slow
	mov rcx, r10				; C's fourth argument
	call [sys_call_table + rax * 8]
.exit:
	cli
	mov rcx, [gs:CPU_CURR]
	cmp dword [rcx + TASK_FLAGS], 0
	jne .work
	; Nothing changed pt_regs: rip is where user mode issued syscall, below TASK_SIZE, so sysret can't fault
	; in ring 0 with the user's stack. rbx rbp r12-r15 are still the user's: C preserves them.
	mov rcx, [rsp + REGS_RIP]
	mov r11, [rsp + REGS_EFLAGS]
	mov r10, [rsp + REGS_R10]
	mov r9, [rsp + REGS_R9]
	mov r8, [rsp + REGS_R8]
	mov rdx, [rsp + REGS_RDX]
	mov rsi, [rsp + REGS_RSI]
	mov rdi, [rsp + REGS_RDI]
	mov rsp, [rsp + REGS_RSP]
	swapgs
	o64 sysret
.work:	mov [rsp + REGS_RAX], rax
	jmp ret_to_user_irqs_off
.slow:	mov rdi, rsp				; no such number, or traced
	xor esi, esi
	call syscall_slow
	jmp .exit

; ---- int 0x80: eax number, ebx ecx edx esi edi ebp arguments ----
align 16
entry_int80:
	swapgs
	mov eax, eax
	push rax				; orig_rax
	push rdi
	PUSH_REGS
	cld
	sti
	cmp eax, [ia32_syscall_limit]
	jae .slow
	mov r9d, ebp
	mov r8d, edi
	mov edi, ebx
	xchg esi, ecx				; ecx is the second argument, esi the fourth
	mov edx, edx
	call [ia32_sys_call_table + rax * 8]
.store:	mov [rsp + REGS_RAX], rax
	jmp ret_to_user
.slow:	mov rdi, rsp
	mov esi, 1				; ia32
	call syscall_slow
	jmp .store

; ---- a new task's first steps: switch.asm returned here with rax = the task before ----
; rbx: function of a kernel thread or 0, r12: its argument (copy_thread)
align 16
ret_from_fork:
	mov rdi, rax
	call schedule_tail
	test rbx, rbx
	jz ret_to_user
	mov rdi, r12
	call rbx				; comes back only when it has become a user program (exec)

; ---- the way out, by iretq: rsp is at pt_regs ----
ret_to_user:
	cli
	mov rcx, [gs:CPU_CURR]
	cmp dword [rcx + TASK_FLAGS], 0
	je ret_iret
ret_to_user_irqs_off:
	mov rdi, rsp
	call exit_to_user_mode			; returns with interrupts off and no work left
ret_iret:
	POP_REGS
	add rsp, 8				; orig_rax
	swapgs
global iret_user
iret_user:					; a bad frame faults here; do_trap turns that into SIGSEGV
	iretq

; ---- exceptions ----
; Stubs: an error code (the processor's or 0) in orig_rax's place, rdi saved, the vector in edi.
%macro EXC 1
align 16
exc_%1:
%if %1 = 8 || (%1 >= 10 && %1 <= 14) || %1 = 17 || %1 = 21 || %1 = 29 || %1 = 30
%else
	push 0
%endif
	push rdi
	mov edi, %1
%if %1 = 2 || %1 = 8 || %1 = 18
	jmp paranoid_common
%else
	jmp error_common
%endif
%endmacro
%assign v 0
%rep 32
	EXC v
%assign v v + 1
%endrep

; The page fault has a path of its own: it is the hottest exception.
align 16
global exc_page_fault
exc_page_fault:
	push rdi
	PUSH_REGS
	test byte [rsp + REGS_CS], 3
	jz .kernel
	swapgs
	cld
	mov rdi, rsp
	mov rsi, cr2
	mov rdx, [rsp + REGS_ORIG_RAX]
	mov qword [rsp + REGS_ORIG_RAX], -1	; no system call to restart
	sti
	call do_page_fault
	jmp ret_to_user
.kernel:
	cld
	mov rdi, rsp
	mov rsi, cr2
	mov rdx, [rsp + REGS_ORIG_RAX]
	call do_page_fault			; enables interrupts if the place that faulted had them on
	jmp ret_to_kernel

error_common:
	PUSH_REGS
	cld
	mov esi, edi				; vector
	mov rdi, rsp
	mov rdx, [rsp + REGS_ORIG_RAX]		; error code
	test byte [rsp + REGS_CS], 3
	jz .kernel
	swapgs
	mov qword [rsp + REGS_ORIG_RAX], -1	; no system call to restart
	call do_trap
	jmp ret_to_user
.kernel:
	lea rax, [rel iret_user]
	cmp [rsp + REGS_RIP], rax		; iretq refused the user's frame: gs is already the user's
	jne .call
	swapgs
.call:	call do_trap
	jmp ret_to_kernel

; ---- interrupts: lines and other processors' questions (kernel/irq.h), and 0xff, the local APIC's spurious one ----
%macro IRQ 1
align 8
irq_%1:
	push -1 - %1				; orig_rax: negative, so no system call is restarted
	push rdi
	mov edi, %1
	jmp irq_common
%endmacro
%assign v 0
%rep NR_VECTORS
	IRQ v
%assign v v + 1
%endrep
IRQ 0xdf					; vector 0xff

irq_common:
	PUSH_REGS
	cld
	mov esi, edi
	mov rdi, rsp
	test byte [rsp + REGS_CS], 3
	jz .kernel
	swapgs
	call do_irq
	jmp ret_to_user
.kernel:
	call do_irq
	; Kernel preemption: only where the interrupted code had interrupts on and holds nothing.
	cmp dword [gs:CPU_PREEMPT_COUNT], 0
	jne ret_to_kernel
	mov rcx, [gs:CPU_CURR]
	test dword [rcx + TASK_FLAGS], NEED_RESCHED
	jz ret_to_kernel
	call preempt_schedule_irq
ret_to_kernel:
	cli
	POP_REGS
	add rsp, 8
	iretq

; ---- NMI, double fault, machine check: whose gs is loaded can't be told from cs, so GS_BASE is looked at ----
paranoid_common:
	PUSH_REGS
	cld
	mov esi, edi
	mov rdi, rsp
	xor ebx, ebx
	mov ecx, 0xc0000101			; GS_BASE: the kernel's is negative
	rdmsr
	test edx, edx
	js .kernel
	swapgs
	inc ebx
.kernel:
	mov rdx, [rsp + REGS_ORIG_RAX]
	call do_nmi
	test ebx, ebx
	jz .out
	swapgs
.out:	POP_REGS
	add rsp, 8
	iretq

section .rodata
align 8
exception_stubs:
%assign v 0
%rep 32
%if v = 14
	dq exc_page_fault
%else
	dq exc_ %+ v
%endif
%assign v v + 1
%endrep
irq_stubs:
%assign v 0
%rep NR_VECTORS
	dq irq_ %+ v
%assign v v + 1
%endrep
	dq irq_0xdf
