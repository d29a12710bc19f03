/*
 * cutaway-report: what this machine is and what the kernel made of it, on one screen, to be copied or photographed and
 * sent to us (docs/hardware.md).
 *
 * All of it stands in /proc and in the log, which is read as dmesg reads it; what is not there is left out.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define WIDTH		79
#define INDENT		9
#define READ_ALL	3		/* syslog(2) */
static char log_text[1 << 16], text[1 << 17];
static int column, rows, rows_per_page;

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");

	text[f ? fread(text, 1, sizeof(text) - 1, f) : 0] = 0;
	if (f)
		fclose(f);
	return text;
}

static void new_row(void)
{
	column = 0;
	putchar('\n');
	if (++rows != rows_per_page)
		return;
	printf("-- photograph this page, then Enter --");
	fflush(stdout);
	while (getchar() != '\n' && !feof(stdin))
		;
	rows = 0;
}

/* One item of a field: on the next row if this one is full; longer than a row: wrapped. */
__attribute__((format(printf, 1, 2))) static void item(const char *fmt, ...)
{
	char s[512], *p = s;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	if (column > INDENT && column + 1 + (int)strlen(s) > WIDTH)
		new_row();
	for (int n; *p; p += n, column += n) {
		if (column >= WIDTH)
			new_row();
		column += printf("%*s", column < INDENT ? INDENT - column : 1, "");
		n = printf("%.*s", WIDTH - column, p);
	}
}

static void field(const char *name)
{
	if (column)
		new_row();
	column = printf("%s", name);
}

/* The rest of the next line of *at that has this text; *at moves on. NULL: none. */
static char *find(char **at, const char *what)
{
	static char line[1024];
	char *p = strstr(*at, what);

	if (!p)
		return NULL;
	*at = p + strlen(what);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(*at, "\n"), *at);
	return line;
}

static int items(const char *what, const char *prefix)
{
	char *at = log_text, *line;
	int n = 0;

	for (; (line = find(&at, what)); n++)
		item("%s%s;", prefix, line);
	return n;
}

static void processors(void)
{
	static const char *const about[] = { "model name\t: ", "vendor_id\t: ", "cpu family\t: ", "model\t\t: ", "stepping\t: " };
	static const char *const uses[] = { " nx ", " pge ", " smep ", " smap ", " umip ", " fsgsbase ", " xsave ", " avx ", " pdpe1gb ",
					    " rdrand ", " rdtscp ", " apic ", " x2apic ", " constant_tsc ", " nonstop_tsc " };
	char *at = slurp("/proc/cpuinfo"), *v, flags[1024];

	field("CPU");
	for (size_t i = 0; i < sizeof(about) / sizeof(*about); i++, at = text)
		if ((v = find(&at, about[i])))
			item("%s%s", v, i ? "" : ";");
	field("");
	for (item("APIC ids:"); (v = find(&at, "\napicid\t\t: "));)
		item("%s", v);
	at = text;
	snprintf(flags, sizeof(flags), " %s ", (v = find(&at, "flags\t\t: ")) ? v : "");
	for (int there = 1; there >= 0; there--) {
		item(there ? "with" : "without");
		for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++)
			if (!!strstr(flags, uses[i]) == there)
				item("%.*s", (int)strlen(uses[i]) - 2, uses[i] + 1);
	}
}

static void memory(void)
{
	char *at = slurp("/proc/meminfo"), *line = find(&at, "MemTotal:");
	unsigned long start, end;
	int reserved = 0;

	field("memory");
	item("%ld MiB for programs; usable:", line ? atol(line) / 1024 : 0);
	for (at = log_text; (line = find(&at, "BIOS-e820: [mem "));)
		if (strstr(line, "usable") && sscanf(line, "%lx-%lx", &start, &end) == 2)
			item("%lx-%lx", start, end);
		else
			reserved++;
	item("(%d ranges are not)", reserved);
}

static void interrupts(void)
{
	char *line = strtok(slurp("/proc/interrupts"), "\n");

	field("irqs");
	if (!items("] IOAPIC", "IO-APIC"))
		item("8259;");
	for (; line; line = strtok(NULL, "\n"))
		if (isdigit((unsigned char)line[strspn(line, " ")]))
			item("%d%s", atoi(line), strrchr(line, ' '));
}

/* Address, vendor and device, and from the log the class; then what hangs on USB. */
static void pci(void)
{
	char *line = strtok(slurp("/proc/bus/pci/devices"), "\n");
	unsigned where, id;

	field("PCI");
	for (; line && sscanf(line, "%4x %8x", &where, &id) == 2; line = strtok(NULL, "\n")) {
		char name[16], key[32], *at = log_text, *class;

		snprintf(name, sizeof(name), "%02x:%02x.%x", where >> 8 & 255, where >> 3 & 31, where & 7);
		snprintf(key, sizeof(key), "pci 0000:%s: [", name);
		class = (class = find(&at, key)) ? strstr(class, "class 0x") : NULL;
		item("%s %04x:%04x/%.4s", name, id >> 16, id & 0xffff, class ? class + 8 : "?");
	}
	items("] xhci ", "xhci ");
	items("] usb ", "usb ");
}

/* Lines of level 4, a warning, and below. */
static void problems(void)
{
	int n = 0;

	field("problems");
	for (char *line = strtok(log_text, "\n"); line; line = strtok(NULL, "\n"))
		if (line[0] == '<' && line[1] <= '4' && line[2] == '>' && ++n <= 5)
			item("%s;", line + 3);
	item(n > 5 ? "and %d more" : n ? "no more" : "no warning in the log", n - 5);
}

int main(void)
{
	int n = klogctl(READ_ALL, log_text, sizeof(log_text) - 1);
	char date[64], *at = log_text, *line;
	struct winsize size = { 0 };
	struct utsname u;
	time_t now = time(NULL);

	log_text[n > 0 ? n : 0] = 0;
	if (isatty(0) && isatty(1) && !ioctl(1, TIOCGWINSZ, &size) && size.ws_row > 5)
		rows_per_page = size.ws_row - 1;
	uname(&u);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", gmtime(&now));
	field("Cutaway");
	item("%s %s, %s, up %.0f s", u.release, u.version, date, atof(slurp("/proc/uptime")));
	field("boot");
	item("%s;", (line = find(&at, "] Loaded by ")) ? line : "the log's beginning is gone");
	item("%.*s", (int)strcspn(slurp("/proc/cmdline"), "\n"), text);
	processors();
	memory();
	field("ACPI");
	for (at = log_text; (line = find(&at, "] ACPI: "));)
		item(strstr(line, " 0x") == line + 4 ? "%.4s" : "[%s]", line);
	interrupts();
	field("clocks");
	items("] tsc: ", "tsc ");
	items("] clocksource: ", "");
	items("] rtc", "rtc");
	field("console");
	for (line = strtok(slurp("/proc/consoles"), "\n"); line; line = strtok(NULL, "\n"))
		item("%.*s%s", (int)strcspn(line, " "), line, strstr(line, "(EC") ? " = /dev/console;" : ";");
	if (!items("] fb: ", "framebuffer "))
		item("text mode, or no screen;");
	items("] ttyS0 at ", "ttyS0 at ");
	items("] i8042: ", "i8042 ");
	pci();
	problems();
	field("send");
	item("a photograph, or this and dmesg from the serial line: docs/hardware.md");
	new_row();
	return 0;
}
