/* Init functions of plug-ins that have no header of their own; main.c calls them. */
#pragma once
void mem_devices_init(void);			/* drivers/mem.c: /dev/null ... */
