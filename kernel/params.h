/* Words of the command line that are not the kernel's: for init. */
#pragma once
#include "boot_param.h"

#define INIT_ARGS_MAX 32
struct init_args {
	const char *arg[INIT_ARGS_MAX + 2];	/* [0] is the program's name */
	const char *env[INIT_ARGS_MAX + 3];
	unsigned argc, envc;
};
/* Splits the line; fills init's arguments from argc and envc on. Must come before any param_get. */
void params_init(const char *cmdline, struct init_args *init);
