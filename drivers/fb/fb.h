/*
 * The screen as a grid of cells, on a linear framebuffer or in VGA's text mode.
 * A cell is attribute << 8 | glyph; an attribute is background << 4 | foreground, colours in ANSI's order
 * (1 red, 2 green, 4 blue, 8 bright). Glyphs 32..126 are ASCII; the others are below.
 */
#pragma once
#include "types.h"

#define GLYPH_LINES 128			/* + arms that meet in the middle of the cell: box drawing */
#define ARM_UP 1
#define ARM_RIGHT 2
#define ARM_DOWN 4
#define ARM_LEFT 8
#define GLYPH_BLOCK 144
#define GLYPH_SHADE 145
#define GLYPH_DOT 146
#define GLYPH_UNKNOWN 147

struct screen {
	unsigned cols, rows;
	void (*draw)(unsigned x, unsigned y, u16 cell);
};
void fb_early_init(void);		/* from here on a panic is seen */
const struct screen *fb_init(void);	/* NULL: no screen, or one of a kind we can't draw on */
const struct screen *fb_large(void);	/* for a photograph: letters as large as leave 80x25 of them */
void panic_screen(const char *what, u64 report);	/* panic_screen_hook */
extern const u8 font_ascii[95][12];
