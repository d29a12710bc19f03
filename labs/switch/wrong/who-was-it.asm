; wrong: rax is not set: the new task does not know who ran before it
; fails: registers_survive
; hint: hints/registers.md

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
	xor eax, eax
	ret				; 6. to where next left off
