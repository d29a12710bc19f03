; Where the kernel can't even begin: why, on COM1 and on the screen, and the end.
;
;   halt32: esi = the text; ebp = which door, edi = its information (boot/start.asm)
;
; The screen is the framebuffer that GRUB tells of (Multiboot2 specification 3.6.12: tag 8), else VGA's text memory.

KERNEL_BASE   equ 0xffffffff80000000
TAG_FB        equ 8
FB_ADDR       equ 8				; in the tag
FB_PITCH      equ 16
FB_BPP        equ 28
FB_TYPE       equ 29				; 1: RGB
FONT_ROWS     equ 12

bits 32
section .boot.text
extern boot_stack_top, font_ascii
global halt32
halt32:
	mov esp, boot_stack_top
	xor ebx, ebx			; ebx: the framebuffer's tag, or 0
	cmp ebp, 1
	jne .text
	lea eax, [edi + 8]		; the first tag: type, size, ...; then the next multiple of 8
.tag:	mov ecx, [eax + 4]
	cmp dword [eax], 0
	je .text
	cmp ecx, 8
	jb .text
	cmp dword [eax], TAG_FB
	je .found
	lea eax, [eax + ecx + 7]
	and eax, -8
	jmp .tag
.found:	cmp byte [eax + FB_TYPE], 1
	jne .text
	mov ebx, eax
	mov edi, [ebx + FB_PITCH]
	add edi, edi			; a letter's cell is 16 high, as in drivers/fb
	add edi, [ebx + FB_ADDR]
	jmp .next
.text:	mov edi, 0xb8000
	mov ecx, 80 * 25
	mov eax, 0x0720
	rep stosw
	mov edi, 0xb8000

.next:	lodsb
	test al, al
	jz .stop
	mov ah, al
	mov ecx, 100000			; wait for room, but not for ever
	mov dx, 0x3fd
.wait:	in al, dx
	test al, 0x20
	jnz .send
	loop .wait
.send:	mov al, ah
	mov dx, 0x3f8
	out dx, al
	movzx eax, al
	sub eax, ' '
	jb .next			; the line's end
	call show
	jmp .next
.stop:	cli
	hlt
	jmp .stop

; Shows the letter eax + ' ' at edi, and moves edi on.
show:	test ebx, ebx
	jnz .draw
	add eax, 0x4f00 + ' '
	stosw
	ret
.draw:	pusha
	lea esi, [eax + eax * 2]
	lea esi, [font_ascii - KERNEL_BASE + esi * 4]
	movzx ebp, byte [ebx + FB_BPP]
	shr ebp, 3			; bytes a pixel
	mov ch, FONT_ROWS
.row:	lodsb
	mov cl, 8
	push edi
.dot:	shl al, 1
	sbb edx, edx			; all ones where the letter is
	mov [edi], edx
	add edi, ebp
	dec cl
	jnz .dot
	pop edi
	add edi, [ebx + FB_PITCH]
	dec ch
	jnz .row
	popa
	movzx eax, byte [ebx + FB_BPP]
	add edi, eax			; 8 pixels
	ret
