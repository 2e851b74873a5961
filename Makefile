# SPDX-License-Identifier: MIT
# cowboot: one Makefile builds, runs and tests everything. `make help` lists what it can do;
# docs/building.md tells more. Debian packages that are missing get installed on the way
# (configs/host-packages; root, or sudo). Everything made lands under build/:
#
#   build/arm64/{init,cowboot,toybox}    what ships: static, against musl
#   build/host/cowboot                   the same command for the machine that builds
#   build/BOARD/initramfs.img            init, toybox, board configuration and kernel modules
#   build/kernels/KERNEL/                Debian's kernel: Image, release, config, dtb/, lib/modules/
#   build/dl, build/src, build/apt       what was fetched, unpacked, and the apt it came through
#
# Variables:  BOARD=qemu-virt   a folder of board/
#             KERNEL=6.1        5.10, 6.1 or 6.12: the kernels of Debian 11, 12 and 13
#             V=1               show every command

BOARD = qemu-virt
KERNEL = 6.1
DEFAULT_KERNEL := 6.1
VERSION := $(file < VERSION)

B = build
A = $B/arm64
DL = $B/dl
KERNELS = $B/kernels

# One job per processor, unless told otherwise.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
.DELETE_ON_ERROR:
.SECONDEXPANSION:
.SUFFIXES:
export LC_ALL := C.UTF-8
export TZ := UTC
unexport CFLAGS CPPFLAGS LDFLAGS

Q = $(if $(V),,@)
say = @printf '  %-7s %s\n' '$(1)' '$(2)'
## ---- What is built from what ------------------------------------------------------------------

# A room includes only what stands left of it.
INIT_ROOMS = base storage state cow conf decide map update handoff init
COWBOOT_ROOMS = base storage state cow conf decide map update bundle recovery cli
ROOMS = $(sort $(INIT_ROOMS) $(COWBOOT_ROOMS))

sources = $(sort $(wildcard $(1:%=src/%/*.c)))
objects = $(patsubst src/%.c,$(1)/obj/%.o,$(call sources,$(2)))
INITRAMFS = $B/$(BOARD)/initramfs$(if $(filter-out $(DEFAULT_KERNEL),$(KERNEL)),-$(KERNEL)).img

# A disk where there is a layout for one. Those of QEMU's boards are made when they are started: qemu/run.
DISK = $(if $(filter qemu-%,$(BOARD)),,$(patsubst board/%/genimage.cfg,$B/%/disk.img,$(wildcard board/$(BOARD)/genimage.cfg)))

all: $A/init $A/cowboot $A/toybox $B/host/cowboot $(INITRAMFS) $(DISK) ## build everything (the default)

help: ## this list
	@echo 'make [TARGET] [BOARD=$(BOARD)] [KERNEL=$(KERNEL)] [V=1]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile tests/sim/sim.mk | \
		while IFS='|' read -r name text; do printf '  %-13s %s\n' "$$name" "$$text"; done

## ---- Flags ------------------------------------------------------------------------------------

WARNINGS = -Wall -Wextra -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes \
	-Wimplicit-fallthrough -Werror
CFLAGS_ALL = -std=gnu11 $(WARNINGS) -Isrc -D_GNU_SOURCE= -MMD -MP -DCOWBOOT_VERSION='"$(VERSION)"'
CFLAGS_SHIP = $(CFLAGS_ALL) -Wconversion -Os $(SECTIONS) -ffile-prefix-map=$(CURDIR)=.
# Without relro, which has nothing to protect in a static program and would begin the data on a 64 KiB page.
LDFLAGS_SHIP = -s -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,norelro
# In the unit tests the first leak or undefined step ends the test.
CFLAGS_UNIT = $(CFLAGS_ALL) -O2 -g -fsanitize=address,undefined -fno-sanitize-recover=all

## ---- Packages, sources, kernels: configs/ -----------------------------------------------------

$B/packages-build $B/packages-test $B/packages-boards: $B/packages-%: configs/host-packages configs/install-packages
	$(Q)mkdir -p $B && configs/install-packages $* $@.log && touch $@

# build/dl/KIND_NAME_VERSION/fetched, so that a new pin fetches that one thing and nothing else.
PINS := $(shell awk '/^[a-z]/ { if ($$1 == "kernel") { split($$4, v, "."); $$3 = v[1] "." v[2] } \
	print $$1 "_" $$3 "_" $$4 }' configs/versions)
fetched = $(or $(patsubst %,$(DL)/%/fetched,$(filter $(1)_%,$(PINS))), \
	$(error configs/versions does not name $(subst _, ,$(1))))

$(PINS:%=$(DL)/%/fetched): $(DL)/%/fetched: | $B/packages-build
	$(Q)rm -rf $(@D) && configs/fetch $(wordlist 1,2,$(subst _, ,$*)) $(abspath $(@D)) && touch $@

KERNELS_PINNED := $(foreach pin,$(filter kernel_%,$(PINS)),$(word 2,$(subst _, ,$(pin))))
ifeq ($(filter $(KERNEL),$(KERNELS_PINNED)),)
$(error there is no kernel $(KERNEL): configs/versions names $(KERNELS_PINNED))
endif

$(KERNELS_PINNED:%=$(KERNELS)/%/release): $(KERNELS)/%/release: \
		$$(call fetched,kernel_$$*) configs/kernel
	$(call say,KERNEL,$*)
	$(Q)configs/kernel $(<D)/*.deb $(@D)

## ---- The compiler: Debian's cross gcc, made to find musl --------------------------------------

MUSL_PINS = $(call fetched,deb_musl-dev) $(call fetched,deb_linux-libc-dev)

$A/musl-gcc: $(MUSL_PINS) configs/musl-gcc
	$(call say,MUSL,$@)
	$(Q)configs/musl-gcc $A $(MUSL_PINS:%/fetched=%/*.deb)

## ---- Others' sources: libdevmapper, libzstd, libsodium, toybox --------------------------------

CROSS = CC=$(abspath $A/musl-gcc) AR=aarch64-linux-gnu-ar RANLIB=aarch64-linux-gnu-ranlib
SECTIONS = -ffunction-sections -fdata-sections
LIBS = $A/lib/libdevmapper.a $A/lib/libzstd.a $A/lib/libsodium.a
unpack = $(Q)rm -rf $B/src/$(1) && mkdir -p $B/src $A/lib $A/include && \
	dpkg-source -q --no-check -x $(<D)/*.dsc $B/src/$(1) > $B/src/$(1).log 2>&1
# Their builds talk to a log; its end is shown when they fail.
quiet = cd $B/src/$(1) && { $(2); } >> ../$(1).log 2>&1 || \
	{ tail -n 30 ../$(1).log; echo 'cowboot: cannot build $@: see $B/src/$(1).log' >&2; exit 1; }

$A/lib/libdevmapper.a: $(call fetched,source_lvm2) $A/musl-gcc
	$(call say,LIB,$@)
	$(call unpack,lvm2)
	$(Q)$(call quiet,lvm2,./configure --host=aarch64-linux-gnu --enable-static_link \
		--disable-selinux --disable-udev_sync --disable-udev_rules --disable-readline \
		--disable-blkid_wiping --disable-nls PKG_CONFIG=false $(CROSS) CFLAGS='-Os $(SECTIONS)' && \
		$(MAKE) -C include && $(MAKE) -C libdm ioctl/libdevmapper.a)
	$(Q)cp $B/src/lvm2/libdm/libdevmapper.h $A/include/
	$(Q)cp $B/src/lvm2/libdm/ioctl/libdevmapper.a $@

$A/lib/libzstd.a: $(call fetched,source_libzstd) $A/musl-gcc
	$(call say,LIB,$@)
	$(call unpack,zstd)
	$(Q)$(call quiet,zstd,$(MAKE) -C lib libzstd.a $(CROSS) CFLAGS='-O2 $(SECTIONS)' \
		ZSTD_LEGACY_SUPPORT=0 ZSTD_LIB_DEPRECATED=0 ZSTD_LIB_DICTBUILDER=0 ZSTD_NO_ASM=1)
	$(Q)cp $B/src/zstd/lib/zstd.h $B/src/zstd/lib/zstd_errors.h $A/include/
	$(Q)cp $B/src/zstd/lib/libzstd.a $@

$A/lib/libsodium.a: $(call fetched,source_libsodium) $A/musl-gcc
	$(call say,LIB,$@)
	$(call unpack,sodium)
	$(Q)$(call quiet,sodium,./autogen.sh && ./configure --host=aarch64-linux-gnu --enable-minimal \
		--disable-shared --disable-pie --disable-ssp $(CROSS) CFLAGS='-O2 $(SECTIONS)' && \
		$(MAKE) -C src/libsodium install-data install-libLTLIBRARIES prefix=$(abspath $A))
	$(Q)rm -rf $A/lib/pkgconfig $A/lib/libsodium.la

# Beside it, for the initramfs, the names it answers to.
$A/toybox: $(call fetched,orig_toybox) initramfs/toybox.config $A/musl-gcc
	$(call say,TOYBOX,$@)
	$(Q)rm -rf $B/src/toybox && mkdir -p $B/src/toybox && : > $B/src/toybox.log
	$(Q)tar -x -f $(<D)/*.orig.tar.xz -C $B/src/toybox --strip-components=1
	$(Q)$(call quiet,toybox,\
		$(MAKE) allnoconfig KCONFIG_ALLCONFIG=$(abspath initramfs/toybox.config) && \
		$(MAKE) toybox CC=$(abspath $A/musl-gcc) STRIP=aarch64-linux-gnu-strip CFLAGS=-Os && \
		gcc -I . scripts/install.c -o instlist)
	$(Q)$B/src/toybox/instlist > $@.commands
	$(Q)cp $B/src/toybox/toybox $@ && chmod 755 $@

## ---- Our programs -----------------------------------------------------------------------------

compile = $(Q)mkdir -p $(@D) && $(1) -c -o $@ $<

$A/obj/%.o: src/%.c Makefile VERSION | $(LIBS)
	$(call say,CC,$@)
	$(call compile,$A/musl-gcc $(CFLAGS_SHIP) -isystem $A/include)

$B/host/obj/%.o: src/%.c Makefile VERSION | $B/packages-build
	$(call say,CC,$@)
	$(call compile,gcc $(CFLAGS_SHIP))

$A/init: $(call objects,$A,$(INIT_ROOMS)) $A/lib/libdevmapper.a
	$(call say,LD,$@)
	$(Q)$A/musl-gcc $(LDFLAGS_SHIP) -o $@ $^

$A/cowboot: $(call objects,$A,$(COWBOOT_ROOMS)) $(LIBS)
	$(call say,LD,$@)
	$(Q)$A/musl-gcc $(LDFLAGS_SHIP) -o $@ $^

$B/host/cowboot: $(call objects,$B/host,$(COWBOOT_ROOMS))
	$(call say,LD,$@)
	$(Q)gcc $(LDFLAGS_SHIP) -o $@ $^ -ldevmapper -lzstd -lsodium

# For UEFI boards: systemd's boot loader, and the stub that makes one program of kernel and initramfs.
EFI = $A/efi/systemd-bootaa64.efi $A/efi/linuxaa64.efi.stub

$(EFI): $A/efi/%: $(call fetched,deb_systemd-boot-efi)
	$(call say,EFI,$@)
	$(Q)mkdir -p $(@D) && dpkg-deb --fsys-tarfile $(<D)/*.deb | \
		tar -x -O ./usr/lib/systemd/boot/efi/$* > $@

## ---- The initramfs ----------------------------------------------------------------------------

MKINITRAMFS_NEEDS = initramfs/mkinitramfs $A/init $A/cowboot $A/toybox board/$(BOARD)/cowboot.conf \
	board/$(BOARD)/modules $(wildcard board/$(BOARD)/modules-recovery) $(KERNELS)/$(KERNEL)/release
mkinitramfs = initramfs/mkinitramfs --init $A/init --cowboot $A/cowboot \
	--toybox $A/toybox --board board/$(BOARD) \
	--kernel $(KERNELS)/$(KERNEL) -o $@

$(INITRAMFS): $(MKINITRAMFS_NEEDS)
	$(call say,INITRD,$@)
	$(Q)mkdir -p $(@D) && $(mkinitramfs)

# What a boot needs and nothing else: without kernel modules, and without what is for recovery only.
$B/$(BOARD)/initramfs-first.img: $(MKINITRAMFS_NEEDS)
	$(Q)mkdir -p $(@D) && $(mkinitramfs) --no-modules --no-recovery

# The same without kernel modules, to be measured.
$B/$(BOARD)/initramfs-bare.img: $(MKINITRAMFS_NEEDS)
	$(Q)mkdir -p $(@D) && $(mkinitramfs) --no-modules

## ---- A board's disk ---------------------------------------------------------------------------

# Boot loaders are Debian's too: those packages that a board's `parts` names.
PARTS = $(wildcard board/$(BOARD)/parts)
LOADERS = $(patsubst %,$B/u-boot/%.unpacked,$(if $(PARTS),$(shell sed -n 's/^package //p' $(PARTS))))

$B/u-boot/%.unpacked: $$(call fetched,deb_$$*)
	$(call say,LOADER,$*)
	$(Q)mkdir -p $(@D) && dpkg-deb -x $(<D)/*.deb $(@D) && touch $@

# SYSTEM=IMAGE: what goes onto `system`, else the tiny test root. FIRMWARE=DIR: the chip vendor's files.
$B/$(BOARD)/disk.img: $(INITRAMFS) $(SYSTEM) $(wildcard board/$(BOARD)/*) board/qemu-virt/boot.cmd \
		qemu/mkdisk initramfs/mkboot $(LOADERS) | $B/packages-test
	$(call say,DISK,$@)
	$(Q)qemu/mkdisk -o $@ --board board/$(BOARD) --initramfs $(INITRAMFS) \
		--kernel $(KERNELS)/$(KERNEL)/Image $(SYSTEM:%=--system %) $(FIRMWARE:%=--firmware %)

kernel: $(KERNELS)/$(KERNEL)/release ## fetch and unpack KERNEL
sizes: all $B/$(BOARD)/initramfs-bare.img $B/$(BOARD)/initramfs-first.img ## what the programs weigh; fails when one is too heavy
	@configs/sizes $A/init 262144 $A/cowboot 1572864 $B/$(BOARD)/initramfs-bare.img 786432 \
		recovery=$B/$(BOARD)/initramfs-bare.img:$B/$(BOARD)/initramfs-first.img 614400 \
		$A/toybox - $B/host/cowboot - $(INITRAMFS) -

repro: $$(ready) ## build everything again elsewhere and compare every byte
	@configs/repro $A/init $A/cowboot $A/toybox $(LIBS) $B/host/cowboot $(INITRAMFS)

versions: ## what is pinned, beside what the mirror has
	@configs/fetch versions

## ---- Running and testing ----------------------------------------------------------------------

export BOARD KERNEL
ready = all $B/packages-test

demo: $(ready) ## on a real Debian in QEMU: update, try, confirm, merge; then one that breaks
	@qemu/demo

qemu: $(ready) $(if $(filter qemu-efi,$(BOARD)),$(EFI)) ## an interactive board: BOARD=qemu-virt, qemu-efi or raspi3b
	@qemu/run

check: $(ready) ## every test that a change must pass
	@$(MAKE) --no-print-directory check-gates
	@$(MAKE) --no-print-directory check-unit
	@$(MAKE) --no-print-directory check-sim
	@$(MAKE) --no-print-directory check-host
	@$(MAKE) --no-print-directory check-kernel
	@$(MAKE) --no-print-directory check-qemu
	@$(MAKE) --no-print-directory check-crash STATES=160
	@$(MAKE) --no-print-directory check-errors STATES=60
	@$(MAKE) --no-print-directory check-endurance CYCLES=5 SEED=1

check-gates: $(ready) ## rules of the house: includes, sizes, manual pages, reproducible builds
	@tests/gate.sh

check-host: $$(KERNELS_NEEDED) ## the command on the machine that builds: every verb, every bad input
	@/usr/bin/python3 -m pytest -q tests/host

# Without CONFIG it is the kernel KERNEL that is looked at.
CONFIG = $(KERNELS)/$(KERNEL)/config
check-kconfig: $(if $(filter file,$(origin CONFIG)),$(KERNELS)/$(KERNEL)/release) ## what a kernel lacks for cowboot and BOARD, and why: CONFIG=FILE
	@configs/check-kconfig $(CONFIG) cowboot $(shell sed 's/#.*//' $(wildcard board/$(BOARD)/kconfig) < /dev/null) \
		--modules board/$(BOARD)/modules

# What an update brings in the tests.
OTHER_KERNEL = $(KERNELS)/$(if $(filter 6.1,$(KERNEL)),6.12,6.1)/release

check-qemu: $(ready) $(OTHER_KERNEL) ## scenarios, each a boot or some
	@/usr/bin/python3 -m pytest tests/qemu -m 'not boards'

KERNELS_NEEDED = $(ready) $(KERNELS_PINNED:%=$(KERNELS)/%/release)

# One guest each; side by side.
KERNEL_CHECKS = $(KERNELS_PINNED:%=check-kernel-%)

check-kernel: $(KERNEL_CHECKS) ## what each kernel does with a snapshot: docs/kernel-behaviour.md

$(KERNEL_CHECKS): check-kernel-%: $$(KERNELS_NEEDED)
	@KERNEL=$* /usr/bin/python3 -m pytest -q tests/kernel || \
		{ echo 'cowboot: kernel $* answered otherwise than docs/kernel-behaviour.md says'; exit 1; }

# STATES=N: so many states, spread over all lives. FULL=1: all, on all kernels and disks; three hours and more.
CRASH_KERNELS = $(if $(FULL),$(KERNELS_PINNED),$(KERNEL))
CRASH_NEEDS = $(ready) $(CRASH_KERNELS:%=$(KERNELS)/%/release)

check-crash: $$(CRASH_NEEDS) ## cut the power at every write, on a real kernel: STATES=N, FULL=1
	@/usr/bin/python3 -m pytest tests/crash
	@$(if $(FULL),KERNELS='$(KERNELS_PINNED)' tests/crash/full,tests/crash/run --states $(or $(STATES),1600))

check-errors: $$(CRASH_NEEDS) ## fail each request to the disk once: STATES=N, FULL=1
	@$(if $(FULL),for kernel in $(KERNELS_PINNED); do KERNEL=$$kernel tests/crash/errors || exit; done,\
		tests/crash/errors $(STATES:%=--states %))

CYCLES = 200

check-endurance: $(ready) ## so many updates on one disk, at random, with power cuts: CYCLES=N, SEED=S
	@/usr/bin/python3 -m pytest tests/endurance
	@tests/endurance/run --cycles $(CYCLES) $(SEED:%=--seed %)

BOARDS = $(patsubst board/%/cowboot.conf,%,$(wildcard board/*/cowboot.conf))

check-boards: $(ready) $B/packages-boards $(EFI) $(OTHER_KERNEL) ## the long scenarios, those with UEFI, and every board as far as it can be
	@/usr/bin/python3 -m pytest tests/qemu -m boards
	@for board in $(BOARDS); do $(MAKE) --no-print-directory BOARD=$$board || exit; done
	@/usr/bin/python3 -m pytest -c tests/boards/pytest.ini tests/boards
	@for board in qemu-virt raspi3b; do tests/boards/run $$board || exit; done

# Each file of tests/unit/ROOM/ is one program, linked with what it needs of all rooms.
UNIT_OBJS = $(call objects,$B/unit,$(ROOMS))
UNIT_TESTS = $(patsubst tests/unit/%.c,$B/unit/%,$(sort $(wildcard tests/unit/*/*.c)))

check-unit: $(UNIT_TESTS) ## unit tests, native, with address and undefined-behaviour sanitizers
	@failed=; for test in $(UNIT_TESTS); do \
		echo "  TEST    $$test"; timeout 60 ./$$test || failed="$$failed $$test"; \
	done; [ -z "$$failed" ] || { echo "cowboot: these unit tests failed:$$failed"; exit 1; }

$B/unit/obj/%.o: src/%.c Makefile VERSION | $B/packages-build $B/packages-test
	$(call say,CC,$@)
	$(call compile,gcc $(CFLAGS_UNIT))

# The test has the main(); ours are called init_main() and cli_main() here.
$B/unit/obj/%/main.o: CFLAGS_UNIT += -Dmain=$(subst /,_,$*) -Wno-missing-prototypes

$B/unit/rooms.a: $(UNIT_OBJS)
	$(Q)rm -f $@ && ar qcs $@ $^

$B/unit/%: tests/unit/%.c $B/unit/rooms.a Makefile
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && gcc $(CFLAGS_UNIT) -MF $@.d -o $@ $< $B/unit/rooms.a \
		-lcmocka -ldevmapper -lzstd -lsodium

clean: ## remove all that was built or fetched
	rm -rf $B

.PHONY: all help kernel sizes repro versions demo qemu clean check check-boards check-crash check-endurance \
	check-errors check-gates check-host check-kconfig check-kernel check-qemu check-unit $(KERNEL_CHECKS)

include tests/sim/sim.mk
-include $(wildcard $A/obj/*/*.d $B/host/obj/*/*.d $B/unit/obj/*/*.d $B/unit/*/*.d)
