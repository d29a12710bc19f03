/* Linux's personality(2). */
#pragma once
#define ADDR_NO_RANDOMIZE 0x0040000
#define READ_IMPLIES_EXEC 0x0400000
#define PER_LINUX 0
