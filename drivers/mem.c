/*
 * Devices that are only memory (null, zero, full, kmsg), and random numbers.
 *
 * Random: a ChaCha20 key of 256 bits is all the state. Each request runs the cipher on it; the first 32 bytes become
 * the next key (so that what was given out can't be computed from what is in memory later), the rest are the answer.
 * The key starts from RDRAND where there is one, from the TSC's jitter and the clocks; every request stirs in the TSC.
 * /dev/random and /dev/urandom are the same and never block.
 *
 * In Linux: drivers/char/mem.c, random.c; kernel/printk/printk.c (kmsg). Left out: entropy counting, /dev/mem.
 */
#include "drivers/mem.h"
#include "fs/fs.h"
#include "kernel/syscall.h"
#include "asm/uaccess.h"
#include "printk.h"
#include "string.h"
#include "err.h"

#define MEM_MAJOR 1

/* ---- random ---- */

#define GRND_NONBLOCK 1
#define GRND_RANDOM 2
#define GRND_INSECURE 4

static DEFINE_SPINLOCK(random_lock, RANK_MISC);	/* guards key */
static u32 key[8];
static bool seeded;

static u32 rotl(u32 x, int n) { return x << n | x >> (32 - n); }
static void quarter_round(u32 *x, int a, int b, int c, int d)
{
	x[a] += x[b]; x[d] = rotl(x[d] ^ x[a], 16);
	x[c] += x[d]; x[b] = rotl(x[b] ^ x[c], 12);
	x[a] += x[b]; x[d] = rotl(x[d] ^ x[a], 8);
	x[c] += x[d]; x[b] = rotl(x[b] ^ x[c], 7);
}

/* RFC 8439, 2.3, with a nonce of 0: a key is used for one request only. */
static void chacha20_block(const u32 *k, u32 counter, u32 *out)
{
	u32 in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, k[0], k[1], k[2], k[3],
		       k[4], k[5], k[6], k[7], counter };

	memcpy(out, in, sizeof(in));
	for (int i = 0; i < 10; i++) {
		for (int c = 0; c < 4; c++)
			quarter_round(out, c, c + 4, c + 8, c + 12);
		for (int c = 0; c < 4; c++)
			quarter_round(out, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
	}
	for (int i = 0; i < 16; i++)
		out[i] += in[i];
}

/* Makes data part of the key: xor 8 bytes, run the cipher, take its output as the key. => random_lock */
static void stir(u64 data)
{
	u32 block[16];

	key[0] ^= data;
	key[1] ^= data >> 32;
	chacha20_block(key, 0, block);
	memcpy(key, block, sizeof(key));
}

static void seed(void)
{
	u64 r;

	seeded = true;
	stir(ktime_get_real());
	for (int i = 0; i < 64; i++) {
		stir(rdtsc());			/* how long the last round took differs by cache and interrupts */
		if (cpu_has.rdrand && rdrand(&r))
			stir(r);
	}
}

/* Takes the key for one request, at counters from 1 on, and replaces it. */
static void next_key(u32 *k)
{
	u64 flags = spin_lock_irqsave(&random_lock);

	if (!seeded)
		seed();
	memcpy(k, key, sizeof(key));
	stir(rdtsc());
	spin_unlock_irqrestore(&random_lock, flags);
}

void get_random_bytes(void *buf, size_t n)
{
	u32 k[8], block[16];

	next_key(k);
	for (u32 i = 1; n; i++) {
		size_t len = min(n, sizeof(block));

		chacha20_block(k, i, block);
		memcpy(buf, block, len);
		buf = (char *)buf + len;
		n -= len;
	}
}

u64 get_random_u64(void)
{
	u64 x;

	get_random_bytes(&x, sizeof(x));
	return x;
}

static ssize_t random_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
	u8 chunk[256];
	size_t done = 0;

	while (done < n) {
		size_t len = min(n - done, sizeof(chunk)), left;

		get_random_bytes(chunk, len);
		left = copy_to_user(buf + done, chunk, len);
		done += len - left;
		if (left)
			return done ?: -EFAULT;
		if (signal_pending(current) && !(done % PAGE_SIZE))
			break;
	}
	return done;
}

static ssize_t random_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
	u64 flags, word;
	size_t done, len;

	for (done = 0; done < n; done += len) {
		word = 0;
		len = min(n - done, sizeof(word));
		if (copy_from_user(&word, buf + done, len))
			return done ?: -EFAULT;
		flags = spin_lock_irqsave(&random_lock);
		stir(word);
		spin_unlock_irqrestore(&random_lock, flags);
		if (signal_pending(current))
			return done + len;
	}
	return done;
}

long sys_getrandom(char __user *buf, size_t count, unsigned flags)
{
	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	return random_read(NULL, buf, min(count, 0x7fffffffUL), NULL);
}

/* ---- null, zero, full ---- */

static ssize_t read_null(struct file *f, char __user *buf, size_t n, loff_t *pos) { return 0; }
static ssize_t write_null(struct file *f, const char __user *buf, size_t n, loff_t *pos) { return n; }
static ssize_t write_full(struct file *f, const char __user *buf, size_t n, loff_t *pos) { return -ENOSPC; }
static loff_t null_lseek(struct file *f, loff_t off, int whence) { return f->f_pos = 0; }

static ssize_t read_zero(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
	size_t done = 0;

	while (done < n) {
		size_t len = min(n - done, 16 * PAGE_SIZE), left = clear_user(buf + done, len);

		done += len - left;
		if (left)
			return done ?: -EFAULT;
		if (len == 16 * PAGE_SIZE && signal_pending(current))
			break;
	}
	return done;
}

/* A private mapping of /dev/zero is anonymous memory, a shared one a memory file of its own. */
static int mmap_zero(struct file *f, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_SHARED)
		return shmem_zero_setup(vma);
	vma->vm_ops = NULL;
	return 0;
}

/* ---- kmsg: the log, a record a read; what is written is logged ---- */

static int kmsg_open(struct inode *inode, struct file *f)
{
	f->f_pos = log_first();
	return 0;
}

/* A line of the log, "<6>[    1.000002] text", as Linux's record "6,SEQ,1000002,-;text"; SEQ is its position. */
static ssize_t kmsg_read(struct file *f, char __user *buf, size_t n, loff_t *pos)
{
	char line[512], record[560];
	u64 seq = max(f->f_pos, (loff_t)log_first()), start = seq;
	unsigned len;

	while (!(len = log_read(&seq, line, sizeof(line) - 1))) {
		if (f->f_flags & O_NONBLOCK)
			return -EAGAIN;
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_timeout_ns(50 * NSEC_PER_MSEC);	/* In Linux: a wait queue that printk wakes */
		if (signal_pending(current))
			return -ERESTARTSYS;
	}
	line[len] = 0;
	char *end = strchr(line, '\n') ?: line + len - 1;
	f->f_pos = start + (end - line) + 1;
	*end = 0;
	end = strstr(line, "] ");
	if (line[0] == '<' && end) {
		u64 sec = strtoull(line + 4, &end, 10), usec = strtoull(end + 1, NULL, 10);

		len = scnprintf(record, sizeof(record), "%c,%lu,%lu,-;%s\n", line[1], start, sec * 1000000 + usec,
				strchr(end, ' ') + 1);
	} else {
		len = scnprintf(record, sizeof(record), "%s\n", line);
	}
	if (n < len)
		return -EINVAL;
	return copy_to_user(buf, record, len) ? -EFAULT : len;
}

static ssize_t kmsg_write(struct file *f, const char __user *buf, size_t n, loff_t *pos)
{
	char line[256], *text = line, level[] = KERN_INFO "%s%s";
	size_t len = min(n, sizeof(line) - 1);
	u64 prio = 12;				/* user.warning, as Linux */

	if (copy_from_user(line, buf, len))
		return -EFAULT;
	line[len] = 0;
	if (line[0] == '<')
		prio = strtoull(line + 1, &text, 10);
	if (text != line)
		text += *text == '>';
	level[1] = '0' + (prio & 7);
	printk(level, text, len && line[len - 1] == '\n' ? "" : "\n");
	return n;
}

static const struct file_operations null_fops = { .read = read_null, .write = write_null, .llseek = null_lseek };
static const struct file_operations zero_fops = {
	.read = read_zero, .write = write_null, .llseek = null_lseek, .mmap = mmap_zero,
};
static const struct file_operations full_fops = { .read = read_zero, .write = write_full, .llseek = null_lseek };
static const struct file_operations random_fops = { .read = random_read, .write = random_write, .llseek = null_lseek };
static const struct file_operations kmsg_fops = { .open = kmsg_open, .read = kmsg_read, .write = kmsg_write };

void __init chr_dev_init(void)
{
	static const struct { const char *name; unsigned minor; umode_t mode; const struct file_operations *fops; } list[] = {
		{ "null", 3, 0666, &null_fops }, { "zero", 5, 0666, &zero_fops }, { "full", 7, 0666, &full_fops },
		{ "random", 8, 0666, &random_fops }, { "urandom", 9, 0666, &random_fops }, { "kmsg", 11, 0644, &kmsg_fops },
	};

	for (int i = 0; i < ARRAY_SIZE(list); i++)
		register_chrdev(MEM_MAJOR, list[i].minor, list[i].name, list[i].mode, list[i].fops);
}
