/*
 * printf into memory: d i u x o c s p % with flags 0 - #, width, .precision, * and l ll z.
 *
 * All output goes through put(), which counts everything and stores what fits: the count is the
 * answer, so a caller can print again into a larger buffer.
 */
#include "string.h"

struct out {
	char *buf;
	size_t size, n;			/* room, and characters so far */
};
struct spec {
	bool zero, left, alt;
	int width, prec;		/* prec -1: none given */
};

static void put(struct out *o, char c)
{
	if (o->n < o->size)
		o->buf[o->n] = c;
	o->n++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_string(struct out *o, const struct spec *f, const char *s, int len)
{
	if (!f->left)
		pad(o, ' ', f->width - len);
	for (int i = 0; i < len; i++)
		put(o, s[i]);
	if (f->left)
		pad(o, ' ', f->width - len);
}

static void put_number(struct out *o, const struct spec *f, u64 v, unsigned base, bool minus)
{
	const char *prefix = minus ? "-" : f->alt && v && base == 16 ? "0x" : "";
	char tmp[24];
	int n = 0, zeros, total;

	for (u64 rest = v; rest; rest /= base)
		tmp[n++] = "0123456789abcdef"[rest % base];
	zeros = (f->prec < 0 ? 1 : f->prec) - n;
	if (f->alt && base == 8 && zeros < 1 && (v || f->prec == 0))
		zeros = 1;
	zeros = max(zeros, 0);
	total = n + zeros + strlen(prefix);
	if (f->zero && !f->left && f->prec < 0 && f->width > total) {
		zeros += f->width - total;
		total = f->width;
	}
	if (!f->left)
		pad(o, ' ', f->width - total);
	for (; *prefix; prefix++)
		put(o, *prefix);
	pad(o, '0', zeros);
	while (n)
		put(o, tmp[--n]);
	if (f->left)
		pad(o, ' ', f->width - total);
}

/* Reads flags, width and precision; returns the first character after them. */
static const char *parse_spec(const char *p, struct spec *f, va_list *ap)
{
	*f = (struct spec){ .prec = -1 };
	for (;; p++) {
		switch (*p) {
		case '0': f->zero = true; continue;
		case '-': f->left = true; continue;
		case '#': f->alt = true; continue;
		}
		break;
	}
	if (*p == '*') {
		f->width = va_arg(*ap, int);
		p++;
	} else {
		while (*p >= '0' && *p <= '9')
			f->width = f->width * 10 + *p++ - '0';
	}
	if (f->width < 0) {
		f->left = true;
		f->width = -f->width;
	}
	if (*p != '.')
		return p;
	f->prec = 0;
	if (*++p == '*') {
		f->prec = va_arg(*ap, int);
		return p + 1;
	}
	while (*p >= '0' && *p <= '9')
		f->prec = f->prec * 10 + *p++ - '0';
	return p;
}

/* The next argument: an int, or with l or z a long. */
static u64 int_arg(va_list *ap, bool wide, bool is_signed)
{
	if (wide)
		return va_arg(*ap, u64);
	return is_signed ? (u64)va_arg(*ap, int) : va_arg(*ap, u32);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { buf, size, 0 };
	struct spec f;
	va_list ap;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		fmt = parse_spec(fmt + 1, &f, &ap);
		bool wide = *fmt == 'l' || *fmt == 'z';
		while (*fmt == 'l' || *fmt == 'z')
			fmt++;
		switch (*fmt) {
		case 'd':
		case 'i': {
			s64 v = int_arg(&ap, wide, true);
			put_number(&o, &f, v < 0 ? -(u64)v : v, 10, v < 0);
			break;
		}
		case 'u': put_number(&o, &f, int_arg(&ap, wide, false), 10, false); break;
		case 'o': put_number(&o, &f, int_arg(&ap, wide, false), 8, false); break;
		case 'x': put_number(&o, &f, int_arg(&ap, wide, false), 16, false); break;
		case 'p':
			f.prec = 16;
			put_number(&o, &f, va_arg(ap, u64), 16, false);
			break;
		case 'c': put_string(&o, &f, &(char){ va_arg(ap, int) }, 1); break;
		case 's': {
			const char *s = va_arg(ap, const char *);

			s = s ? s : "(null)";
			put_string(&o, &f, s, f.prec < 0 ? strlen(s) : strnlen(s, f.prec));
			break;
		}
		case '%': put(&o, '%'); break;
		default:			/* a mistake in the format: show it */
			put(&o, '%');
			fmt -= !*fmt;
			put(&o, *fmt);
		}
	}
	va_end(ap);
	if (size)
		buf[min(o.n, size - 1)] = 0;
	return o.n;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(buf, size, fmt, ap);

	va_end(ap);
	return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(buf, size, fmt, ap);

	va_end(ap);
	return size ? min(n, (int)size - 1) : 0;
}
