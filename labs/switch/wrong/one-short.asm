; wrong: rbx keeps its place on the stack, but is not saved
; fails: registers_survive
; hint: hints/registers.md

__switch_to_asm:
	push rbp			; 1. the old task's registers to its own stack
	sub rsp, 8
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
	add rsp, 8
	pop rbp
	mov rax, rdi			; 5. who ran before us: finish_task_switch() wants to know
	ret				; 6. to where next left off
