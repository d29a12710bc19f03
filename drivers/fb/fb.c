/*
 * Draws cells: 8x16 pixels on the linear framebuffer that the boot loader set up (24 or 32 bits a pixel), or a
 * character and its colour in VGA text memory. Knows nothing of terminals and keeps no state but where the screen is.
 * It is mapped from the first moment on, for a panic before there is memory to manage (panic_screen.c).
 *
 * The framebuffer is mapped uncached: a row of a glyph is written as three or four words of 8 bytes, never read.
 */
#include "drivers/fb/fb.h"
#include "boot_param.h"
#include "kernel/hooks.h"
#include "mm/mm.h"
#include "printk.h"

#define CELL_W 8
#define CELL_H 16
#define MAX_SCALE 8U
#define TEXT_MEMORY 0xb8000
#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_CURSOR_START 0x0a		/* bit 5: cursor off */

static volatile u8 *base;
static struct screen screen;
static u32 palette[16];
static unsigned scale = 1;			/* pixels of the screen for a pixel of the font, both ways */

static void glyph_rows(u8 glyph, u8 *rows)
{
	bool lines = glyph >= GLYPH_LINES && glyph < GLYPH_LINES + 16;

	for (int y = 0; y < CELL_H; y++) {
		if (glyph >= ' ' && glyph <= '~')
			rows[y] = y >= 2 && y < 14 ? font_ascii[glyph - ' '][y - 2] : 0;
		else if (lines && (y == 7 || y == 8))
			rows[y] = (glyph & ARM_LEFT ? 0xf8 : 0) | (glyph & ARM_RIGHT ? 0x1f : 0) | 0x18;
		else if (lines)
			rows[y] = glyph & (y < 8 ? ARM_UP : ARM_DOWN) ? 0x18 : 0;
		else if (glyph == GLYPH_BLOCK)
			rows[y] = 0xff;
		else if (glyph == GLYPH_SHADE)
			rows[y] = y & 1 ? 0xaa : 0x55;
		else if (glyph == GLYPH_DOT)
			rows[y] = y >= 6 && y < 10 ? 0x3c : 0;
		else
			rows[y] = y < 2 || y > 13 ? 0 : y == 2 || y == 13 ? 0x7e : 0x42;
	}
}

static void draw_pixels(unsigned x, unsigned y, u16 cell)
{
	u64 fg = palette[cell >> 8 & 15], bg = palette[cell >> 12];
	unsigned bytes = boot_info.fb.bpp / 8;
	volatile u8 *at = base + (u64)y * CELL_H * scale * boot_info.fb.pitch + x * CELL_W * scale * bytes;
	u8 rows[CELL_H];

	glyph_rows(cell, rows);
	for (unsigned r = 0; r < CELL_H * scale; r++, at += boot_info.fb.pitch) {
		volatile u64 *out = (volatile u64 *)at;
		u64 pixels[CELL_W * MAX_SCALE], *p = pixels;

		for (int bit = 0x80; bit; bit >>= 1)
			for (unsigned i = 0; i < scale; i++)
				*p++ = rows[r / scale] & bit ? fg : bg;
		for (p = pixels; p < pixels + CELL_W * scale; p += 8) {
			if (bytes == 4) {
				for (int i = 0; i < 8; i += 2)
					*out++ = p[i] | p[i + 1] << 32;
			} else {
				*out++ = p[0] | p[1] << 24 | p[2] << 48;
				*out++ = p[2] >> 16 | p[3] << 8 | p[4] << 32 | p[5] << 56;
				*out++ = p[5] >> 8 | p[6] << 16 | p[7] << 40;
			}
		}
	}
}

/* VGA's colours have red and blue the other way round; its characters are code page 437. */
static u8 vga_colour(unsigned c) { return (c & 10) | (c & 1) << 2 | (c & 4) >> 2; }
static void draw_text(unsigned x, unsigned y, u16 cell)
{
	static const u8 cp437[] = "\xfa\xb3\xc4\xc0\xb3\xb3\xda\xc3\xc4\xd9\xc4\xc1\xbf\xb4\xc2\xc5\xdb\xb1\xfe\xfe";
	u8 glyph = cell;

	if (glyph >= GLYPH_LINES)
		glyph = glyph > GLYPH_UNKNOWN ? '?' : cp437[glyph - GLYPH_LINES];
	((volatile u16 *)base)[y * screen.cols + x] =
		vga_colour(cell >> 12 & 7) << 12 | vga_colour(cell >> 8 & 15) << 8 | glyph;
}

static bool __init rgb_init(void)
{
	static const u8 level[] = { 0x00, 0xaa, 0x55, 0xff };

	if (boot_info.fb.bpp != 24 && boot_info.fb.bpp != 32)
		return false;
	base = early_ioremap(boot_info.fb.phys, (u64)boot_info.fb.pitch * boot_info.fb.height);
	for (int i = 0; i < 16; i++) {
		u32 bright = i & 8 ? 2 : 0, green = level[(i >> 1 & 1) + bright];

		if (i == 3)
			green = 0x55;		/* brown, as ever */
		palette[i] = level[(i & 1) + bright] << boot_info.fb.red | green << boot_info.fb.green |
			     level[(i >> 2 & 1) + bright] << boot_info.fb.blue;
	}
	screen = (struct screen){ boot_info.fb.width / CELL_W, boot_info.fb.height / CELL_H, draw_pixels };
	return true;
}

void __init fb_early_init(void)
{
	if (boot_info.fb.type == FB_TEXT) {
		base = early_ioremap(TEXT_MEMORY, 80 * 25 * 2);
		screen = (struct screen){ 80, 25, draw_text };
	} else if (boot_info.fb.type != FB_RGB || !rgb_init()) {
		return;
	}
	if (base)
		panic_screen_hook = panic_screen;
}

static void hide_cursor(void)			/* vt.c shows it itself */
{
	if (screen.draw != draw_text)
		return;
	outb(CRTC_INDEX, CRTC_CURSOR_START);
	outb(CRTC_DATA, BIT(5));
}

const struct screen *__init fb_init(void)
{
	if (!base)
		return NULL;
	hide_cursor();
	if (boot_info.fb.type == FB_RGB)
		pr_info("fb: %ux%ux%u at 0x%lx, %ux%u characters\n", boot_info.fb.width, boot_info.fb.height, boot_info.fb.bpp,
			(unsigned long)boot_info.fb.phys, screen.cols, screen.rows);
	return &screen;
}

const struct screen *fb_large(void)
{
	hide_cursor();
	if (boot_info.fb.type != FB_RGB)
		return &screen;
	scale = max(1U, min(min(boot_info.fb.width / (80 * CELL_W), boot_info.fb.height / (25 * CELL_H)), MAX_SCALE));
	screen = (struct screen){ boot_info.fb.width / (CELL_W * scale), boot_info.fb.height / (CELL_H * scale), draw_pixels };
	return &screen;
}
