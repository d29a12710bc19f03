; wrong: the old stack pointer is saved when rsp is already the new one
; fails: registers_survive stacks_of_the_others
; hint: hints/registers.md

__switch_to_asm:
	push rbp			; 1. the old task's registers to its own stack
	push rbx
	push r12
	push r13
	push r14
	push r15
	mov rsp, [rsi + TASK_SP]
	mov [rdi + TASK_SP], rsp
	pop r15				; 4. the registers that next left
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	mov rax, rdi			; 5. who ran before us: finish_task_switch() wants to know
	ret				; 6. to where next left off
