; Copies between kernel and user memory (contracts: asm/uaccess.h). Every instruction that touches a user
; address has an entry in __ex_table: (address, where to go on). With SMAP, user pages can be touched only
; between stac and clac.

%include "offsets.inc"

extern cpu_has_smap, sleeping_in_atomic
global copy_from_user, copy_to_user, clear_user, strncpy_from_user, strnlen_user
global __get_user_1, __get_user_2, __get_user_4, __get_user_8
global __put_user_1, __put_user_2, __put_user_4, __put_user_8

EFAULT	equ 14

%macro EX 2
section __ex_table
	dq %1, %2
section .text
%endmacro

%macro USER_ON 0
	cmp byte [cpu_has_smap], 0
	je %%no
	stac
%%no:
%endmacro
%macro USER_OFF 0
	cmp byte [cpu_has_smap], 0
	je %%no
	clac
%%no:
%endmacro

; The page may have to come first, so: never with preemption off.
%macro MIGHT_FAULT 0
	cmp dword [gs:CPU_PREEMPT_COUNT], 0
	jne copy_in_atomic
%endmacro

; [%1, %1 + %2) must lie below USER_END, else to %3. Uses rax, rcx.
%macro ACCESS_OK 3
	MIGHT_FAULT
	mov rax, USER_END
	cmp %2, rax
	ja %3
	sub rax, %2
	cmp %1, rax
	ja %3
%endmacro

section .text

; size_t copy_from_user(void *dst, const void *src, size_t n): 8 bytes at a time, then the rest. A word that
; straddles into a bad page is tried again bytewise, so that the count left is exact.
align 16
copy_from_user:
	ACCESS_OK rsi, rdx, copy_bad
copy_user:
	USER_ON
	mov rcx, rdx
	shr rcx, 3
.words:	rep movsq
	mov ecx, edx
	and ecx, 7
.bytes:	rep movsb
.done:	USER_OFF
	mov rax, rcx
	ret
.fix:	and edx, 7
	lea rcx, [rdx + rcx * 8]
.again:	rep movsb
	jmp .done
	EX .words, .fix
	EX .bytes, .done
	EX .again, .done

align 16
copy_to_user:
	ACCESS_OK rdi, rdx, copy_bad
	jmp copy_user
copy_bad:
	mov rax, rdx
	ret
copy_in_atomic:
	lea rdi, [rel user_copy]
	mov rsi, [rsp]
	push rbp
	mov rbp, rsp
	call sleeping_in_atomic
user_copy: db "user copy", 0

; size_t clear_user(void *dst, size_t n)
align 16
clear_user:
	mov rdx, rsi
	ACCESS_OK rdi, rdx, copy_bad
	USER_ON
	xor eax, eax
	mov rcx, rdx
	shr rcx, 3
.words:	rep stosq
	mov ecx, edx
	and ecx, 7
.bytes:	rep stosb
.done:	USER_OFF
	mov rax, rcx
	ret
.fix:	and edx, 7
	lea rcx, [rdx + rcx * 8]
.again:	rep stosb
	jmp .done
	EX .words, .fix
	EX .bytes, .done
	EX .again, .done

; ssize_t strncpy_from_user(char *dst, const char *src, size_t size): words while no byte of them is 0
; ((w - 01..01) & ~w & 80..80 marks zero bytes), then bytes.
align 16
strncpy_from_user:
	MIGHT_FAULT
	mov r8, rdi				; start, for the length
	mov r11, USER_END
	cmp rsi, r11
	jae .fault
	sub r11, rsi				; bytes up to the end of user space
	mov r9, 0x0101010101010101
	mov r10, 0x8080808080808080
	USER_ON
.word:	cmp rdx, 8
	jb .byte
	cmp r11, 8
	jb .byte
.w:	mov rax, [rsi]
	mov [rdi], rax
	mov rcx, rax
	not rax
	sub rcx, r9
	and rax, rcx
	and rax, r10
	jnz .found
	add rsi, 8
	add rdi, 8
	sub rdx, 8
	sub r11, 8
	jmp .word
.found:	bsf rax, rax
	shr eax, 3
	add rdi, rax
.end:	USER_OFF
	mov rax, rdi
	sub rax, r8
	ret
.byte:	test rdx, rdx
	jz .end
	test r11, r11
	jz .bad
.b:	mov al, [rsi]
	mov [rdi], al
	test al, al
	jz .end
	inc rsi
	inc rdi
	dec rdx
	dec r11
	jmp .byte
.bad:	USER_OFF
.fault:	mov rax, -EFAULT
	ret
	EX .w, .byte				; the word straddles a page: bytewise up to it
	EX .b, .bad

; ssize_t strnlen_user(const char *s, size_t max)
align 16
strnlen_user:
	MIGHT_FAULT
	mov rdx, rdi
	mov r11, USER_END
	cmp rdi, r11
	jae .fault
	sub r11, rdi
	USER_ON
.next:	test rsi, rsi
	jz .end
	test r11, r11
	jz .bad
.b:	cmp byte [rdi], 0
	je .end
	inc rdi
	dec rsi
	dec r11
	jmp .next
.end:	USER_OFF
	mov rax, rdi
	sub rax, rdx
	ret
.bad:	USER_OFF
.fault:	mov rax, -EFAULT
	ret
	EX .b, .bad

; void *get_user_32_bytes(void *dst, const void *src): dst or ERR_PTR; all loads come before the first store
align 16
global get_user_32_bytes
get_user_32_bytes:				; no MIGHT_FAULT: sigaction, its one caller, holds nothing
	mov rax, USER_END - 32
	cmp rsi, rax
	ja .bad
	cmp byte [cpu_has_smap], 0
	je .a
	stac
.a:	mov r8, [rsi]
.b:	mov rcx, [rsi + 8]
.c:	mov rdx, [rsi + 16]
.d:	mov rax, [rsi + 24]
	je .store			; the flags are still cmp's
	clac
.store:	mov [rdi], r8
	mov [rdi + 8], rcx
	mov [rdi + 16], rdx
	mov [rdi + 24], rax
	mov rax, rdi
	ret
.fix:	USER_OFF
.bad:	mov rax, -EFAULT
	ret
	EX .a, .fix
	EX .b, .fix
	EX .c, .fix
	EX .d, .fix

; int __get_user_N(uN *x, const void *p);  int __put_user_N(u64 x, void *p)
%macro GET 3					; bytes, register, width
align 16
__get_user_%1:
	MIGHT_FAULT
	mov rax, USER_END - %1
	cmp rsi, rax
	ja .bad
	USER_ON
.ld:	mov %2, %3 [rsi]
	USER_OFF
	mov [rdi], %2
	xor eax, eax
	ret
.fix:	USER_OFF
.bad:	xor ecx, ecx
	mov [rdi], %2
	mov eax, -EFAULT
	ret
	EX .ld, .fix
%endmacro
GET 1, cl, byte
GET 2, cx, word
GET 4, ecx, dword
GET 8, rcx, qword

%macro PUT 3
align 16
__put_user_%1:
	MIGHT_FAULT
	mov rax, USER_END - %1
	cmp rsi, rax
	ja .bad
	USER_ON
.st:	mov %3 [rsi], %2
	USER_OFF
	xor eax, eax
	ret
.fix:	USER_OFF
.bad:	mov eax, -EFAULT
	ret
	EX .st, .fix
%endmacro
PUT 1, dil, byte
PUT 2, di, word
PUT 4, edi, dword
PUT 8, rdi, qword
