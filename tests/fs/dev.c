/* /dev: null, zero, full, random, urandom, tty, console, kmsg. */
#include "../abi.h"
#include <sys/ioctl.h>

static char buf[8192];

TEST(null_and_zero)
{
	int n = open("/dev/null", O_RDWR), z = open("/dev/zero", O_RDWR);

	CHECK_EQ(write(n, buf, 5000), 5000);
	CHECK_EQ(read(n, buf, 100), 0);
	memset(buf, 1, sizeof(buf));
	CHECK_EQ(read(z, buf, sizeof(buf)), sizeof(buf));
	for (size_t i = 0; i < sizeof(buf); i++)
		CHECK_EQ(buf[i], 0);
	CHECK_EQ(write(z, buf, 77), 77);
	CHECK_EQ(lseek(n, 100, SEEK_SET), 0);
	CHECK_OK(ftruncate(open("f", O_CREAT | O_RDWR, 0644), 0));
	CHECK_OK(close(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0644)));
}

TEST(full)
{
	int fd = open("/dev/full", O_RDWR);

	CHECK(fd >= 0);
	CHECK_ERR(write(fd, buf, 1), ENOSPC);
	buf[0] = 1;
	CHECK_EQ(read(fd, buf, 10), 10);
	CHECK_EQ(buf[0], 0);
}

TEST(random_devices)
{
	char a[32], b[32];

	CHECK_EQ(read(open("/dev/urandom", O_RDONLY), a, 32), 32);
	CHECK_EQ(read(open("/dev/random", O_RDONLY), b, 32), 32);
	CHECK(memcmp(a, b, 32));
	CHECK_EQ(write(open("/dev/urandom", O_WRONLY), a, 32), 32);
}

TEST(no_tty_without_one)
{
	CHECK_CHILD(setsid(); CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO));
}

TEST(kmsg)
{
	int fd = open("/dev/kmsg", O_WRONLY);

	if (fd < 0)
		return;
	CHECK_EQ(write(fd, "abi test\n", 9), 9);
}

TEST(bad_ioctl)
{
	CHECK_ERR(ioctl(open("/dev/null", O_RDWR), 0x5413, buf), ENOTTY);
	CHECK_ERR(ioctl(99, 0x5413, buf), EBADF);
}

TEST(proc_links_to_fds)
{
	char link[100];
	ssize_t n;
	int fd = open("/dev/null", O_RDONLY);
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	CHECK(n > 0);
	link[n] = 0;
	CHECK(!strcmp(link, "/dev/null"));
	CHECK_OK(open(path, O_RDONLY));
}
