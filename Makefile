# Cutaway: the whole build, from top to bottom.
# Sources are found, not listed: a .c or .asm file in a room is part of the kernel.
#
## make                the kernel: build/cutaway.elf
## make run            boot it in QEMU                   UEFI=1   KERNEL=1 (without GRUB)
## make test           everything, or T=mm/cow   SMP=4   (run and test install what is missing)
## make stress         everything at once on four processors: SEEDS="1 2 3" SECONDS=600 OPS=1000000
## make test-windows   the views from outside: replay, compare, trace, picture, book
## make matrix         the image on many PCs, emulated by QEMU and Bochs: CI=1 the half of them, ROW="OVMF usb" these
## make debug          QEMU and gdb, stopped at start_kernel, with the ct- commands of tools/gdb
## make iso            build/cutaway.iso: QEMU, CD and USB stick, BIOS and UEFI
## make initramfs      build/initramfs.cpio              make user: programs for the guest
## make rootfs         Debian packages as an archive     PACKAGES="bash gcc" OUT=x.cpio
## make bench          instructions of Cutaway and Linux side by side
## make lab            a student's tree: LAB=pipe DIR=~/pipe     make handin, make grade (DEBUG=test): there
## make trace          what the kernel did while CMD="nice -s 1" ran: a page for the browser, a file for perfetto
## make picture        address spaces and page tables while CMD=cow ran, before and after
## make toolchain      x86_64-elf gcc and binutils in build/toolchain
## make replay         record a run, then gdb on it, backwards in time: CMD="cow"
## make compare        a static program on Linux and here, call by call: PROG=path ARGS="..."
## make book           docs/ as HTML: build/book/index.html
## make models         spin tries every interleaving of models/*.pml: sleep and wake-up, TLB shootdown
## make lint           layers, function lengths          make count: lines per room
## make format         clang-format                      make doctor: tools and versions
## make clean
##
## Words: V=1 show commands   O=dir build there   LLVM=1 clang and lld   APPEND="words for the kernel"
##   EXTRA="more.cpio ..." unpacked over the first   INITRAMFS=x.cpio   ISO=x.iso
##   MEM=256 SMP=1 CPU=max MACHINE=q35 QEMUFLAGS="..."
O         ?= build
INITRAMFS ?= $(O)/initramfs.cpio
ISO       ?= $(O)/cutaway.iso
ELF       := $(O)/cutaway.elf
PYTHON    ?= /usr/bin/python3
Q         := $(if $(V),,@)
say        = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@echo '  $(1)	$(patsubst $(O)/%,%,$@)')
export O ELF INITRAMFS ISO PYTHON APPEND EXTRA MEM SMP CPU MACHINE UEFI KERNEL QEMUFLAGS LLVM V
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory

# --- Compiler: clang if asked, else x86_64-elf-gcc if there is one, else the host's (CROSS=) ---
# ?=: a make that a test calls has it from the environment, and does not build everything again with another compiler.
CROSS ?= $(firstword $(foreach d,$(subst :, ,$(PATH)) build/toolchain/bin,$(if $(wildcard $(d)/x86_64-elf-gcc),$(d)/x86_64-elf-)))
ifdef LLVM
CC := clang --target=x86_64-elf
LD := ld.lld
CCFLAGS := -Wno-initializer-overrides
else
CC := $(CROSS)gcc
LD := $(CROSS)ld
CCFLAGS := -fno-tree-loop-distribute-patterns -Wno-override-init
endif
NM := $(firstword $(foreach n,$(CROSS)nm nm llvm-nm,$(if $(shell command -v $(n)),$(n))))
CFLAGS := -std=gnu11 -O2 -g -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include 2>/dev/null) \
  -I. -Iinclude -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-omit-frame-pointer \
  -fno-delete-null-pointer-checks -fno-strict-aliasing -fno-asynchronous-unwind-tables -fno-stack-protector -fno-common \
  -Wall -Wextra -Werror -Wmissing-prototypes -Wno-unused-parameter -Wno-sign-compare $(CCFLAGS)
ASFLAGS := -f elf64 -I./ -Iinclude/ -I$(O)/ -Werror
LDFLAGS := -m elf_x86_64 -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none -T linker.ld

# --- The kernel ---------------------------------------------------------------------------
ROOMS := $(wildcard boot lib kernel sched mm fs drivers)
SRC   := $(filter-out boot/offsets.c,$(sort $(shell find $(ROOMS) -name '*.c')))
ASM   := $(sort $(shell find $(ROOMS) -name '*.asm'))
OBJ   := $(ASM:%.asm=$(O)/%.asm.o) $(SRC:%.c=$(O)/%.o)
KTEST := $(patsubst %.c,$(O)/%.o,$(wildcard tests/kernel/*.c))
all: $(ELF)

# Linked twice: the names of the first image become the symbol table of the second.  The table
# lies behind all code (linker.ld), so that adding it moves no function.  ktest.elf has tests/kernel as well.
$(O)/kernel0.elf $(O)/ktest0.elf $(O)/ktest.elf $(ELF): $(O)/%.elf: $(OBJ) linker.ld
	$(call say,LD)
	$(Q)$(LD) $(LDFLAGS) -o $@ $(filter %.o,$^)
$(O)/kernel0.elf: $(O)/kallsyms0.asm.o
$(O)/ktest0.elf: $(KTEST) $(O)/kallsyms0.asm.o
$(O)/ktest.elf: $(KTEST) $(O)/kallsyms2.asm.o
$(ELF): $(O)/kallsyms1.asm.o
$(O)/kallsyms0.asm: tools/kallsyms.sh
	$(Q)mkdir -p $(@D) && $< /dev/null >$@
$(O)/kallsyms1.asm: $(O)/kernel0.elf
$(O)/kallsyms2.asm: $(O)/ktest0.elf
$(O)/kallsyms1.asm $(O)/kallsyms2.asm: tools/kallsyms.sh
	$(Q)$(NM) -n $(filter %.elf,$^) | tools/kallsyms.sh >$@
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
	$(Q)$(CC) $(CFLAGS) $(if $(LLVM),-fno-integrated-as) -MMD -MP -MQ $@ -MF $@.d -S -o $@.s $(or $(filter %.c,$^),-x c /dev/null)
	$(Q)sed -n 's/^.*->\([A-Za-z0-9_]*\)[ 	]*\$$*\(-*[0-9][0-9]*\).*/\1 equ \2/p' $@.s >$@

# What was built with which words: other flags compile everything again, other words or archives make a new image.
# Words and names of the user's reach the shell by its environment only: quotes, blanks and $ are safe there.
remember = @mkdir -p $(O) && { $(1); } >$@.new && { cmp -s $@.new $@ || cp $@.new $@; } && rm $@.new
$(O)/.flags: FORCE
	$(call remember,echo '$(CC) $(CFLAGS) $(ASFLAGS) $(LDFLAGS)')
$(O)/.words: $(filter $(O)/initramfs.cpio,$(INITRAMFS)) FORCE
	$(call remember,cksum "$$INITRAMFS" $$EXTRA && printf '%s\n' "$$APPEND")

# --- Programs for the guest, archives and the image ----------------------------------------
GUESTCC := musl-gcc -static -O2 -g -Wall -Wextra -Werror
USER    := $(patsubst %.c,$(O)/%,$(wildcard user/*.c))
GUEST   := $(patsubst %.c,$(O)/%,$(filter-out tests/host/% tests/kernel/%,$(shell find tests -name '*.c' 2>/dev/null)))

user: $(USER) $(GUEST)
$(USER) $(GUEST): $(O)/%: %.c
	$(call say,GUEST)
	$(Q)mkdir -p $(@D) && $(GUESTCC) -MMD -MP -MF $@.d -o $@ $<
initramfs: $(O)/initramfs.cpio
$(O)/initramfs.cpio: $(USER) tools/mkinitramfs.sh
	$(call say,CPIO)
	$(Q)tools/mkinitramfs.sh $@ $(O)/user
iso: $(if $(filter $(O)/cutaway.iso,$(ISO)),$(ISO),iso-elsewhere)
$(O)/cutaway.iso iso-elsewhere: $(ELF) iso/grub.cfg tools/iso.sh tools/words.sh $(O)/.words
	$(call say,ISO)
	$(Q)tools/iso.sh $(if $(filter %.iso,$@),$@,"$$ISO") $(ELF) "$$INITRAMFS" $$EXTRA
rootfs:
	$(Q)tools/rootfs.sh $(or $(OUT),$(O)/rootfs.cpio) $(PACKAGES)

# --- Running it: these find and install what they need, then build, then go -----------------
# An ISO= that is there is booted as it is.
boot = $(if $(KERNEL),$(MAKE) $(ELF) $(O)/.words,$(if $(filter $(O)/cutaway.iso,$(ISO)),,[ -e "$$ISO" ] ||) $(MAKE) iso)
run:
	$(Q)tools/setup.sh build user iso qemu $(if $(UEFI),uefi) $(if $(DISPLAY),window)
	$(Q)$(boot) && tools/qemu.sh
debug:
	$(Q)tools/setup.sh build user iso qemu debug $(if $(UEFI),uefi)
	$(Q)$(boot) && tools/debug.sh
# A file of tests is a job for one processor; one more than there are, since many wait.
JOBS := -n $$(($$(nproc) < 4 ? $$(nproc) + 1 : 4)) --dist loadscope
test:
	$(Q)tools/setup.sh build user iso qemu uefi test debug lint
	$(Q)$(MAKE) $(ELF) $(O)/ktest.elf $(INITRAMFS) $(ISO) user && $(PYTHON) -m pytest tests --ignore=tests/windows $(if $(T),-k "$(T)",$(JOBS)) $(PYTEST)
matrix:
	$(Q)tools/setup.sh build user iso qemu uefi test bochs
	$(Q)$(MAKE) $(ELF) $(INITRAMFS) $(ISO) && $(PYTHON) tools/matrix.py $(if $(CI),--ci) $(if $(ROW),--row $(ROW)) $(if $(TIMES),--times $(TIMES))
stress:
	$(Q)tools/setup.sh build user qemu test
	$(Q)$(MAKE) $(ELF) $(INITRAMFS) user && SEEDS="$(or $(SEEDS),1 2 3)" SECONDS=$(or $(SECONDS),600) OPS=$(or $(OPS),1000000) $(PYTHON) -m pytest -s tests/smp/test_stress.py
test-windows:
	$(Q)tools/setup.sh build user iso qemu test debug replay windows compare lint book
	$(Q)$(MAKE) $(ELF) $(O)/ktest.elf $(INITRAMFS) user && $(PYTHON) -m pytest tests/windows $(if $(T),-k "$(T)")
replay:
	$(Q)tools/setup.sh build user qemu test debug replay
	$(Q)$(MAKE) $(ELF) $(IMAGE) $(filter-out none,$(INITRAMFS)) && $(PYTHON) tools/replay.py
compare:
	$(Q)tools/setup.sh build user qemu test compare
	$(Q)$(MAKE) $(ELF) $(INITRAMFS) && $(PYTHON) tools/compare.py $(PROG) $(ARGS)
models:
	$(Q)tools/setup.sh models && models/check.sh
book:
	$(Q)tools/setup.sh lint book && $(PYTHON) tools/book.py
bench:
	$(Q)tools/setup.sh build user qemu test
	$(Q)$(MAKE) $(ELF) $(INITRAMFS) && $(PYTHON) tools/bench.py $(ROWS)

# --- Labs (labs/README.md) ------------------------------------------------------------------
lab handin grade test-labs:
	$(Q)tools/setup.sh build user qemu debug lint test lab
	$(Q)$(LABS)
lab:       LABS = $(PYTHON) labs/lab new "$(LAB)" "$(DIR)"
handin:    LABS = $(PYTHON) labs/lab handin $(OUT)
grade:     LABS = $(PYTHON) labs/grade $(addprefix --debug ,$(DEBUG))
test-labs: LABS = $(MAKE) initramfs && $(PYTHON) labs/lib/matrix.py $(LAB) $(if $(LAB),,&& $(PYTHON) -m pytest -q labs/lib -n 2 --dist loadgroup)
trace picture:
	$(Q)tools/setup.sh build user qemu test
	$(Q)$(MAKE) $(ELF) $(INITRAMFS) && $(PYTHON) tools/$@.py

toolchain:
	$(Q)tools/toolchain.sh build/toolchain
doctor:
	$(Q)tools/setup.sh doctor
lint: $(ELF)
	$(Q)tools/setup.sh lint && $(PYTHON) tools/lint.py
count:
	$(Q)$(PYTHON) tools/lint.py --count
format:
	$(Q)tools/setup.sh format && clang-format -i $(shell git ls-files '*.c' '*.h')
clean:
	rm -rf $(filter-out build/toolchain,$(wildcard $(O)/* $(O)/.flags $(O)/.words))
help:
	@sed -n 's/^## \{0,1\}//p' Makefile

.PHONY: iso-elsewhere stress matrix trace picture lab handin grade test-labs test-windows replay compare models book all user initramfs iso rootfs run debug test bench toolchain doctor lint count format clean help FORCE
-include $(patsubst %.o,%.d,$(OBJ) $(KTEST)) $(USER:=.d) $(GUEST:=.d) $(O)/offsets.inc.d
