; The switch itself: from one kernel stack to another.
;
; struct task_struct *__switch_to_asm(struct task_struct *prev, struct task_struct *next);
;
; C has already saved what a called function may destroy; six registers are left, and they go on the old stack. What a
; switched-out task's stack looks like, and what copy_thread() builds by hand for a new one:
;
;        | ...            |  high
;        | return address |  into context_switch(); new task: ret_from_fork
;        | rbp            |
;        | rbx            |  new task: function of a kernel thread, or 0
;        | r12            |  new task: its argument
;        | r13            |
;        | r14            |
;        | r15            |  <- task->thread.sp
;
; The flags are not saved: interrupts are off on both sides, and C expects nothing else of them.
; In Linux: arch/x86/entry/entry_64.S __switch_to_asm.

%include "offsets.inc"

section .text
align 16
global __switch_to_asm
__switch_to_asm:
	push rbp			; 1. the old task's registers to its own stack
	push rbx
	push r12
	push r13
	push r14
	push r15
	mov [rdi + TASK_SP], rsp	; 2. the old stack is whole: any CPU could resume prev from here on
	mov rsp, [rsi + TASK_SP]	; 3. from here on we are next
	pop r15				; 4. the registers that next left
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	mov rax, rdi			; 5. who ran before us: finish_task_switch() wants to know
	ret				; 6. to where next left off
