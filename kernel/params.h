/* Words of the command line that are not the kernel's: for init. */
#pragma once
#include "boot_param.h"

#define INIT_ARGS_MAX 32
struct init_args {
	const char *arg[INIT_ARGS_MAX + 1];	/* [0] is the program's name; NULL ends both */
	const char *env[INIT_ARGS_MAX + 1];
	const char *too_many;			/* a word that found no room */
};
/* Splits the line; adds to init's arguments and environment. Must come before any param_get. */
void params_init(const char *cmdline, struct init_args *init);
