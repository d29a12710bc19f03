# Cutaway: the whole build, from top to bottom.  `make help` lists what it can do.
# Sources are found, not listed: a .c or .asm file in a room is part of the kernel.

# --- Words for the command line ----------------------------------------------
O         ?= build#             where everything that is made goes
INITRAMFS ?= $(O)/initramfs.cpio
ISO       ?= $(O)/cutaway.iso
ELF       := $(O)/cutaway.elf
PYTHON    ?= /usr/bin/python3
Q         := $(if $(V),,@)
say        = $(if $(V),,@echo '  $(1)	$(patsubst $(O)/%,%,$@)')
export O ELF INITRAMFS ISO PYTHON APPEND EXTRA MEM SMP CPU MACHINE UEFI KERNEL QEMUFLAGS V

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory

# --- Compiler: clang if asked, else x86_64-elf-gcc if there is one, else the host's ---
CACHE := $(or $(CUTAWAY_CACHE),$(HOME)/.cache/cutaway)
CROSS := $(if $(HOSTCC_ONLY),,$(firstword $(foreach d,$(subst :, ,$(PATH)) $(O)/toolchain/bin $(CACHE)/toolchain/bin,\
           $(if $(wildcard $(d)/x86_64-elf-gcc),$(d)/x86_64-elf-))))
ifdef LLVM
CC := clang --target=x86_64-elf
LD := ld.lld
NM := $(firstword $(foreach n,llvm-nm llvm-nm-14 nm,$(if $(shell command -v $(n)),$(n))))
CCFLAGS := -Wno-initializer-overrides
else
CC := $(CROSS)gcc
LD := $(CROSS)ld
NM := $(CROSS)nm
CCFLAGS := -fno-tree-loop-distribute-patterns -Wno-override-init
endif

CFLAGS := -std=gnu11 -O2 -g -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include 2>/dev/null) \
  -I. -Iinclude -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
  -fno-omit-frame-pointer -fno-delete-null-pointer-checks -fno-strict-aliasing -fno-asynchronous-unwind-tables \
  -fno-stack-protector -fno-common -Wall -Wextra -Werror -Wmissing-prototypes -Wno-unused-parameter -Wno-sign-compare \
  $(CCFLAGS)
ASFLAGS := -f elf64 -I./ -Iinclude/ -I$(O)/ -Werror
LDFLAGS := -m elf_x86_64 -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none -T linker.ld

# --- The kernel -----------------------------------------------------------------
ROOMS := $(wildcard boot lib kernel sched mm fs drivers)
SRC   := $(filter-out boot/offsets.c,$(shell find $(ROOMS) -name '*.c' | sort))
ASM   := $(shell find $(ROOMS) -name '*.asm' | sort)
OBJ   := $(ASM:%.asm=$(O)/%.asm.o) $(SRC:%.c=$(O)/%.o)

all: $(ELF)

# Linked twice: the names of the first image become the symbol table of the second.  The table
# lies behind all code (linker.ld), so that adding it moves no function.
$(ELF): $(O)/kernel0.elf $(O)/kallsyms1.asm.o
	$(call say,LD)
	$(Q)$(LD) $(LDFLAGS) -o $@ $(OBJ) $(O)/kallsyms1.asm.o

$(O)/kernel0.elf: $(OBJ) $(O)/kallsyms0.asm.o linker.ld
	$(Q)$(LD) $(LDFLAGS) -o $@ $(OBJ) $(O)/kallsyms0.asm.o

$(O)/kallsyms0.asm: tools/kallsyms.sh
	$(Q)mkdir -p $(@D) && $< /dev/null >$@
$(O)/kallsyms1.asm: $(O)/kernel0.elf tools/kallsyms.sh
	$(Q)$(NM) -n $(O)/kernel0.elf | tools/kallsyms.sh >$@
$(O)/kallsyms%.asm.o: $(O)/kallsyms%.asm
	$(Q)nasm -f elf64 -o $@ $<

$(O)/%.o: %.c $(O)/.flags
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(O)/%.asm.o: %.asm $(O)/.flags $(O)/offsets.inc
	$(call say,ASM)
	$(Q)mkdir -p $(@D) && nasm $(ASFLAGS) -MD $(@:.o=.d) -MQ $@ -MP -o $@ $<

# Offsets of struct fields for assembly: offsets.c is compiled to text and its marked lines are taken.
$(O)/offsets.inc: $(wildcard boot/offsets.c) $(O)/.flags
	$(Q)mkdir -p $(@D)
	$(Q)$(if $(wildcard boot/offsets.c),$(CC) $(CFLAGS) $(if $(LLVM),-fno-integrated-as) -MMD -MP -MQ $@ -MF $@.d -S -o $@.s $<,:>$@.s)
	$(Q)sed -n 's/^.*->\([A-Za-z0-9_]*\)[ 	]*\$$*\(-*[0-9][0-9]*\).*/\1 equ \2/p' $@.s >$@

# Another compiler or other flags: everything is compiled again.
$(O)/.flags: FORCE
	@mkdir -p $(O); echo '$(CC) $(CFLAGS) $(ASFLAGS) $(LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(ASFLAGS) $(LDFLAGS)' >$@
FORCE:

clean:
	rm -rf $(filter-out $(O)/toolchain,$(wildcard $(O)/* $(O)/.flags))

.PHONY: all clean FORCE
-include $(OBJ:.o=.d) $(O)/offsets.inc.d
