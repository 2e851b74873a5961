# SPDX-License-Identifier: MIT
# cowboot: one Makefile builds, runs and tests everything. `make help` lists what it can do;
# docs/building.md tells more. Debian packages that are missing get installed on the way
# (configs/host-packages; root, or sudo). Everything made lands under build/:
#
#   build/arm64/{init,cowboot,toybox}    what ships: static, against musl
#   build/host/cowboot                   the same command for the machine that builds, which makes bundles besides
#   build/BOARD/initramfs.img            init, toybox, board configuration and kernel modules
#   build/kernels/KERNEL/                Debian's kernel: Image, release, config, dtb/, lib/modules/
#   build/dl, build/src, build/apt       what was fetched, unpacked, and the apt it came through
#
# Variables:  BOARD=qemu-virt   a folder of board/
#             KERNEL=6.1        5.10, 6.1 or 6.12: the kernels of Debian 11, 12 and 13; 7.3, its newest;
#                               7.3-16k, the same with pages of 16 KiB
#             SYSTEM=IMAGE      what goes onto `system` of the board's disk, else the tiny test root
#             FIRMWARE=DIR      the files of the chip's vendor, for boards that need them
#             BUNDLE=FILE       for make qemu: a bundle to install there
#             PREFIX=/usr/local DESTDIR=   for make install
#             V=1               show every command

BOARD = qemu-virt
KERNEL = 6.1
DEFAULT_KERNEL := 6.1
VERSION := $(file < VERSION)

# The processors that programs are built for: a line of configs/architectures.
ARCH = arm64
TRIPLET := $(shell configs/arch triplet $(ARCH))
EFI_NAME := $(shell configs/arch efi $(ARCH))
KERNEL_FILE := $(shell configs/arch kernel $(ARCH))
$(if $(TRIPLET),,$(error cannot build for ARCH=$(ARCH): configs/architectures has no line for it))
export COWBOOT_ARCH := $(ARCH)

B = build
A = $B/$(ARCH)
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

# What a target is made of besides files: $(call made-of,TARGET,WORDS) keeps them in TARGET.made-of, which
# changes only when the words do. So the target is made again for another value of a variable, and again
# for the one before it.
same = $(and $(findstring x$(1)x,x$(2)x),$(findstring x$(2)x,x$(1)x))
made-of = $(if $(or $(NOTHING_MADE),$(call same,$(2),$(file <$(1).made-of))),,$(shell mkdir -p $(dir $(1)))$(file \
	>$(1).made-of,$(2)))
NOTHING_MADE := $(if $(filter-out help clean versions uninstall,$(or $(MAKECMDGOALS),all)),,yes)

$B/%.made-of:
	$(Q)mkdir -p $(@D) && touch $@

# A name that is wrong is told as such, and not as a rule that is missing.
there = $(if $($(1)),$(if $(wildcard $($(1))),,$(error cannot find $(1)=$($(1)): $(2))))
$(call there,SYSTEM,name the image of a root file system; without SYSTEM= it is the tiny test root)
$(call there,FIRMWARE,name the folder with the files of the chip's vendor; board/$(BOARD)/notes.md says which)
$(call there,BUNDLE,name a bundle; `cowboot bundle create' makes one)
$(if $(wildcard board/$(BOARD)/cowboot.conf),,$(error cannot find board/$(BOARD)/cowboot.conf: BOARD= is one of \
	$(patsubst board/%/cowboot.conf,%,$(wildcard board/*/cowboot.conf)), or a folder that you make: docs/porting.md))

## ---- What is built from what ------------------------------------------------------------------

# A room includes only what stands left of it.
INIT_ROOMS = base storage state loader cow conf decide map update recovery handoff init
COWBOOT_ROOMS = base storage state loader cow conf decide map bundle update recovery cli
# The build host's has host/ besides, and begins there.
HOST_ROOMS = $(COWBOOT_ROOMS) host
ROOMS = $(sort $(INIT_ROOMS) $(HOST_ROOMS))

sources = $(sort $(wildcard $(1:%=src/%/*.c)))
objects = $(patsubst src/%.c,$(1)/obj/%.o,$(call sources,$(2)))
HOST_OBJS = $(filter-out %/cli/main.o,$(call objects,$B/host,$(HOST_ROOMS)))
INITRAMFS = $B/$(BOARD)/initramfs$(if $(filter-out $(DEFAULT_KERNEL),$(KERNEL)),-$(KERNEL)).img

# A disk where there is a layout for one. Those of QEMU's boards are made when they are started: qemu/run.
DISK = $(if $(filter qemu-%,$(BOARD)),,$(patsubst board/%/genimage.cfg,$B/%/disk.img,$(wildcard board/$(BOARD)/genimage.cfg)))

all: $A/init $A/cowboot $A/toybox $B/host/cowboot $(INITRAMFS) $(DISK) ## build everything (the default)

help: ## this list
	@echo 'make [TARGET] [BOARD=$(BOARD)] [KERNEL=$(KERNEL)] [V=1]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile tests/sim/sim.mk tests/ports/ports.mk \
		tests/fuzz/fuzz.mk tests/bench/bench.mk | \
		while IFS='|' read -r name text; do printf '  %-13s %s\n' "$$name" "$$text"; done

## ---- Flags ------------------------------------------------------------------------------------

WARNINGS = -Wall -Wextra -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes \
	-Wimplicit-fallthrough -Werror
CFLAGS_ALL = -std=gnu11 $(WARNINGS) -Isrc -D_GNU_SOURCE= -D_FILE_OFFSET_BITS=64 -MMD -MP -DCOWBOOT_VERSION='"$(VERSION)"'
# Nobody unwinds the stack of a C program that is not debugged: the tables for it were a tenth of init.
CFLAGS_SHIP = $(CFLAGS_ALL) -Wconversion -Os $(SECTIONS) -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-ffile-prefix-map=$(CURDIR)=.
# What ships for the board is optimised when it is linked, too: that made init 4 % smaller. The objects are fat,
# which means that they hold the usual machine code as well: the gates of tests/gate.sh read their symbols.
LTO = -Os -flto=auto -ffat-lto-objects
# Without relro, which has nothing to protect in a static program and would begin the data on a 64 KiB page.
LDFLAGS_SHIP = -s -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,norelro
# In the unit tests the first leak or undefined step ends the test.
CFLAGS_UNIT = $(CFLAGS_ALL) -O2 -g -fsanitize=address,undefined -fno-sanitize-recover=all

## ---- Packages, sources, kernels: configs/ -----------------------------------------------------

# One group after another: apt takes its locks for itself.
$B/packages-test: | $B/packages-build
$B/packages-boards: | $B/packages-test
$B/packages-ports: | $B/packages-test
$B/packages-fuzz: | $B/packages-test
$B/packages-bench: | $B/packages-test
$B/packages-build $B/packages-test $B/packages-boards $B/packages-ports $B/packages-fuzz $B/packages-bench $B/packages-fresh: $B/packages-%: configs/host-packages configs/install-packages
	$(Q)mkdir -p $B && configs/install-packages $* $@.log && touch $@

# build/dl/KIND_NAME_VERSION/fetched, so that a new pin fetches that one thing and nothing else.
PINS := $(shell awk '/^[a-z]/ { if ($$1 == "kernel") { split($$4, v, "."); $$3 = $$5 ? $$5 : v[1] "." v[2] } \
	print $$1 "_" $$3 "_" $$4 }' configs/versions)
# pin: the same as a word, wherever the downloads lie.
pin = $(filter $(1)_%,$(PINS))
fetched = $(or $(patsubst %,$(DL)/%/fetched,$(filter $(1)_%,$(PINS))), \
	$(error configs/versions does not name $(subst _, ,$(1))))

$(PINS:%=$(DL)/%/fetched): $(DL)/%/fetched: | $B/packages-build
	$(Q)rm -rf $(@D) && configs/fetch $(wordlist 1,2,$(subst _, ,$*)) $(abspath $(@D)) && touch $@

KERNELS_PINNED := $(foreach pin,$(filter kernel_%,$(PINS)),$(word 2,$(subst _, ,$(pin))))
ifeq ($(filter $(KERNEL),$(KERNELS_PINNED)),)
$(error there is no kernel $(KERNEL): configs/versions names $(KERNELS_PINNED))
endif

$(foreach k,$(KERNELS_PINNED),$(call made-of,$(KERNELS)/$k,$(call pin,kernel_$k)))

$(KERNELS_PINNED:%=$(KERNELS)/%/release): $(KERNELS)/%/release: \
		$$(call fetched,kernel_$$*) configs/kernel $(KERNELS)/%.made-of
	$(call say,KERNEL,$*)
	$(Q)configs/kernel $(<D)/*.deb $(@D)

## ---- The compiler: Debian's cross gcc, made to find musl --------------------------------------

MUSL_PINS = $(call fetched,deb_musl-dev) $(call fetched,deb_linux-libc-dev-$(ARCH)-cross)

$(call made-of,$A/musl-gcc,$(call pin,deb_musl-dev) $(call pin,deb_linux-libc-dev-$(ARCH)-cross))

$A/musl-gcc: $(MUSL_PINS) configs/musl-gcc $A/musl-gcc.made-of
	$(call say,MUSL,$@)
	$(Q)configs/musl-gcc $A $(MUSL_PINS:%/fetched=%/*.deb)

## ---- Others' sources: libdevmapper, libzstd, libsodium, toybox --------------------------------

# configure never runs what it has built: with both machines named it knows that it is cross compiling, also where the
# kernel has a handler for programs of that kind. What it could then only guess of musl is told.
CONFIGURE_CROSS = --build=$$(gcc -dumpmachine) --host=$(TRIPLET) \
	ac_cv_func_malloc_0_nonnull=yes ac_cv_func_realloc_0_nonnull=yes
CROSS = CC=$(abspath $A/musl-gcc) AR=$(TRIPLET)-ar RANLIB=$(TRIPLET)-ranlib
SECTIONS = -ffunction-sections -fdata-sections
LIBS = $A/lib/libdevmapper.a $A/lib/libzstd.a $A/lib/libsodium.a
unpack = $(Q)rm -rf $B/src/$(1) && mkdir -p $B/src $A/lib $A/include && \
	dpkg-source -q --no-check -x $(<D)/*.dsc $B/src/$(1) > $B/src/$(1).log 2>&1
# Their builds talk to a log; its end is shown when they fail.
quiet = cd $B/src/$(1) && { $(2); } >> ../$(1).log 2>&1 || \
	{ tail -n 30 ../$(1).log; echo 'cowboot: cannot build $@: see $B/src/$(1).log' >&2; exit 1; }

define MAKE_LVM2
	$(call unpack,lvm2)
	$(Q)$(call quiet,lvm2,./configure $(CONFIGURE_CROSS) --enable-static_link \
		--disable-selinux --disable-udev_sync --disable-udev_rules --disable-readline \
		--disable-blkid_wiping --disable-nls PKG_CONFIG=false $(CROSS) CFLAGS='-Os $(SECTIONS)' && \
		$(MAKE) -C include && $(MAKE) -C libdm ioctl/libdevmapper.a)
	$(Q)cp $B/src/lvm2/libdm/libdevmapper.h $A/include/
	$(Q)cp $B/src/lvm2/libdm/ioctl/libdevmapper.a $@
endef

define MAKE_LIBZSTD
	$(call unpack,zstd)
	$(Q)$(call quiet,zstd,$(MAKE) -C lib libzstd.a $(CROSS) CFLAGS='-O2 $(SECTIONS)' \
		ZSTD_LEGACY_SUPPORT=0 ZSTD_LIB_DEPRECATED=0 ZSTD_LIB_DICTBUILDER=0 ZSTD_NO_ASM=1)
	$(Q)cp $B/src/zstd/lib/zstd.h $B/src/zstd/lib/zstd_errors.h $A/include/
	$(Q)cp $B/src/zstd/lib/libzstd.a $@
endef

define MAKE_LIBSODIUM
	$(call unpack,sodium)
	$(Q)$(call quiet,sodium,./autogen.sh && ./configure $(CONFIGURE_CROSS) --enable-minimal \
		--disable-shared --disable-pie --disable-ssp $(CROSS) CFLAGS='-O2 $(SECTIONS)' && \
		$(MAKE) -C src/libsodium install-data install-libLTLIBRARIES prefix=$(abspath $A))
	$(Q)rm -rf $A/lib/pkgconfig $A/lib/libsodium.la
endef

# Beside it, for the initramfs, the names it answers to.
define MAKE_TOYBOX
	$(Q)rm -rf $B/src/toybox && mkdir -p $B/src/toybox && : > $B/src/toybox.log
	$(Q)tar -x -f $(<D)/*.orig.tar.xz -C $B/src/toybox --strip-components=1
	$(Q)$(call quiet,toybox,\
		$(MAKE) allnoconfig KCONFIG_ALLCONFIG=$(abspath initramfs/toybox.config) && \
		$(MAKE) toybox CC=$(abspath $A/musl-gcc) STRIP=$(TRIPLET)-strip CFLAGS=-Os && \
		gcc -I . scripts/install.c -o instlist)
	$(Q)$B/src/toybox/instlist > $@.commands
	$(Q)cp $B/src/toybox/toybox $@ && chmod 755 $@
endef

OF_LIBS = $(CONFIGURE_CROSS) $(CROSS) $(SECTIONS)
$(call made-of,$A/lib/libdevmapper.a,$(call pin,source_lvm2) $(OF_LIBS) $(value MAKE_LVM2))
$(call made-of,$A/lib/libzstd.a,$(call pin,source_libzstd) $(OF_LIBS) $(value MAKE_LIBZSTD))
$(call made-of,$A/lib/libsodium.a,$(call pin,source_libsodium) $(OF_LIBS) $(value MAKE_LIBSODIUM))
$(call made-of,$A/toybox,$(call pin,orig_toybox) $(value MAKE_TOYBOX))

$A/lib/libdevmapper.a: $(call fetched,source_lvm2) $A/musl-gcc $A/lib/libdevmapper.a.made-of
	$(call say,LIB,$@)
	$(MAKE_LVM2)

$A/lib/libzstd.a: $(call fetched,source_libzstd) $A/musl-gcc $A/lib/libzstd.a.made-of
	$(call say,LIB,$@)
	$(MAKE_LIBZSTD)

$A/lib/libsodium.a: $(call fetched,source_libsodium) $A/musl-gcc $A/lib/libsodium.a.made-of
	$(call say,LIB,$@)
	$(MAKE_LIBSODIUM)

$A/toybox: $(call fetched,orig_toybox) initramfs/toybox.config $A/musl-gcc $A/toybox.made-of
	$(call say,TOYBOX,$@)
	$(MAKE_TOYBOX)

## ---- Our programs -----------------------------------------------------------------------------

compile = $(Q)mkdir -p $(@D) && $(1) -c -o $@ $<

$A/obj/%.o: src/%.c Makefile VERSION | $(LIBS)
	$(call say,CC,$@)
	$(call compile,$A/musl-gcc $(CFLAGS_SHIP) $(LTO) -isystem $A/include)

$B/host/obj/%.o: src/%.c Makefile VERSION | $B/packages-build
	$(call say,CC,$@)
	$(call compile,gcc $(CFLAGS_SHIP))

# A source that is gone changes no file that is left.
$(call made-of,$A/init,$(call objects,$A,$(INIT_ROOMS)))
$(call made-of,$A/cowboot,$(call objects,$A,$(COWBOOT_ROOMS)))
$(call made-of,$B/host/cowboot,$(HOST_OBJS))

$A/init: $(call objects,$A,$(INIT_ROOMS)) $A/lib/libdevmapper.a $A/init.made-of
	$(call say,LD,$@)
	$(Q)$A/musl-gcc $(LTO) $(LDFLAGS_SHIP) -o $@ $(filter %.o %.a,$^)

$A/cowboot: $(call objects,$A,$(COWBOOT_ROOMS)) $(LIBS) $A/cowboot.made-of
	$(call say,LD,$@)
	$(Q)$A/musl-gcc $(LTO) $(LDFLAGS_SHIP) -o $@ $(filter %.o %.a,$^)

$B/host/cowboot: $(HOST_OBJS) $B/host/cowboot.made-of
	$(call say,LD,$@)
	$(Q)gcc $(LDFLAGS_SHIP) -o $@ $(filter %.o,$^) -ldevmapper -lzstd -lsodium -ldivsufsort -lext2fs -lcom_err

# For boards that have data's file system checked; Debian's, static.
$(call made-of,$A/e2fsck,$(call pin,deb_e2fsck-static))

$A/e2fsck: $(call fetched,deb_e2fsck-static) $A/e2fsck.made-of
	$(call say,E2FSCK,$@)
	$(Q)mkdir -p $(@D) && dpkg-deb --fsys-tarfile $(<D)/*.deb | tar -x -O ./sbin/e2fsck.static > $@
	$(Q)chmod 755 $@

# For UEFI boards: systemd's boot loader, and the stub that makes one program of kernel and initramfs.
EFI = $A/efi/systemd-boot$(EFI_NAME).efi $A/efi/linux$(EFI_NAME).efi.stub

$(foreach e,$(EFI),$(call made-of,$e,$(call pin,deb_systemd-boot-efi)))

$(EFI): $A/efi/%: $(call fetched,deb_systemd-boot-efi) $A/efi/%.made-of
	$(call say,EFI,$@)
	$(Q)mkdir -p $(@D) && dpkg-deb --fsys-tarfile $(<D)/*.deb | \
		tar -x -O ./usr/lib/systemd/boot/efi/$* > $@

## ---- The initramfs ----------------------------------------------------------------------------

# Programs that a board wants besides.
PROGRAMS = $(wildcard board/$(BOARD)/programs)
PROGRAMS_WANTED = $(if $(PROGRAMS),$(filter e2fsck,$(shell sed 's/\#.*//' $(PROGRAMS))))
BOARD_LISTS = $(wildcard $(addprefix board/$(BOARD)/,cowboot.conf modules modules-recovery programs keys/*.pub))
MKINITRAMFS_NEEDS = initramfs/mkinitramfs $A/init $A/cowboot $A/toybox $(BOARD_LISTS) \
	$(PROGRAMS_WANTED:%=$A/%) $B/$(BOARD)/initramfs-$(KERNEL).made-of $(KERNELS)/$(KERNEL)/release

$(call made-of,$B/$(BOARD)/initramfs-$(KERNEL),$(BOARD_LISTS))
mkinitramfs = initramfs/mkinitramfs --init $A/init --cowboot $A/cowboot \
	--toybox $A/toybox --board board/$(BOARD) \
	--kernel $(KERNELS)/$(KERNEL) -o $@

# A configuration that init cannot use would only end in recovery, on the board.
$(INITRAMFS): $(MKINITRAMFS_NEEDS) | $B/host/cowboot
	$(call say,INITRD,$@)
	$(Q)! $B/host/cowboot --config board/$(BOARD)/cowboot.conf status 2>&1 | grep 'cannot use configuration' >&2
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

$(foreach l,$(LOADERS),$(call made-of,$l,$(call pin,deb_$(basename $(notdir $l)))))

$B/u-boot/%.unpacked: $$(call fetched,deb_$$*) $B/u-boot/%.unpacked.made-of
	$(call say,LOADER,$*)
	$(Q)mkdir -p $(@D) && dpkg-deb -x $(<D)/*.deb $(@D) && touch $@

# Whatever is on the disk, by name too: another kernel, root or firmware makes it anew.
BOARD_FILES = $(filter-out %.img %.made-of,$(wildcard board/$(BOARD)/*))
FIRMWARE_FILES = $(if $(FIRMWARE),$(wildcard $(FIRMWARE)/*))
OF_DISK = $(INITRAMFS) $(abspath $(SYSTEM)) $(BOARD_FILES) $(abspath $(FIRMWARE_FILES))

$(call made-of,$B/$(BOARD)/disk,$(OF_DISK))

$B/$(BOARD)/disk.img: $B/$(BOARD)/disk.made-of $(OF_DISK) board/qemu-virt/boot.cmd \
		qemu/mkdisk initramfs/mkboot $(LOADERS) | $B/packages-test
	$(call say,DISK,$@)
	$(Q)qemu/mkdisk -o $@ --board board/$(BOARD) --initramfs $(INITRAMFS) \
		--kernel $(KERNELS)/$(KERNEL)/$(KERNEL_FILE) $(SYSTEM:%=--system %) $(FIRMWARE:%=--firmware %)

kernel: $(KERNELS)/$(KERNEL)/release ## fetch and unpack KERNEL
sizes: all $B/$(BOARD)/initramfs-bare.img $B/$(BOARD)/initramfs-first.img ## what the programs weigh; fails when one is too heavy
	@configs/sizes $A/init 262144 $A/cowboot 655360 $B/$(BOARD)/initramfs-bare.img 655360 \
		recovery=$B/$(BOARD)/initramfs-bare.img:$B/$(BOARD)/initramfs-first.img 524288 \
		$A/toybox - $B/host/cowboot - $(INITRAMFS) -

# What a board's initramfs is made of, and where that came from; one whose programs want none is without it.
SBOM = $B/$(BOARD)/sbom$(if $(filter-out $(DEFAULT_KERNEL),$(KERNEL)),-$(KERNEL)).cdx.json
SBOM_PINS = source_lvm2 source_libzstd source_libsodium deb_musl-dev orig_toybox kernel_$(KERNEL) \
	$(PROGRAMS_WANTED:e2fsck=deb_e2fsck-static)

sbom: $(SBOM) ## what ships in initramfs and command, as CycloneDX 1.6: docs/building.md

$(SBOM): $(INITRAMFS) $A/cowboot $(LIBS) configs/sbom
	$(call say,SBOM,$@)
	$(Q)configs/sbom -o $@ --initramfs $(INITRAMFS) --built $A --board $(BOARD) --version $(VERSION) --arch $(ARCH) \
		--triplet $(TRIPLET) $(foreach pin,$(SBOM_PINS),$(dir $(call fetched,$(pin))))

repro: $$(ready) ## build everything again elsewhere and compare every byte
	@configs/repro $A/init $A/cowboot $A/toybox $(LIBS) $B/host/cowboot $(INITRAMFS)

versions: ## what is pinned, beside what the mirror has
	@configs/fetch versions

## ---- Running and testing ----------------------------------------------------------------------

export BOARD KERNEL
ready = all $B/packages-test

demo: $(ready) ## on a real Debian in QEMU: update, try, confirm, merge; then one that breaks
	@qemu/demo

qemu: $(ready) $(if $(filter qemu-efi,$(BOARD)),$(EFI)) ## an interactive board: BOARD=, KERNEL=, SYSTEM=IMAGE, BUNDLE=FILE
	@qemu/run

# So many at a time as make has jobs; what one of them prints comes when it is done. The scenarios have the
# machine to themselves, since they time the board.
# A deadline only decides how long a failure takes: here it may be late, for CI machines are.
export COWBOOT_TIMEOUT_SCALE ?= 4

SIDE_BY_SIDE = --no-print-directory --output-sync=target

check: $(ready) ## every test that a change must pass
	@echo '  CHECK   rules, units, simulator, host command, fuzzing and the kernel, side by side: it takes some minutes'
	@$(MAKE) $(SIDE_BY_SIDE) check-sim check-gates check-unit check-host check-fuzz check-kernel-$(KERNEL)
	@$(MAKE) --no-print-directory check-qemu
	@echo '  CHECK   power cuts, failing disks and endurance, side by side: it takes some minutes'
	@$(MAKE) $(SIDE_BY_SIDE) check-crash-some check-errors-some check-endurance-some

check-crash-some: STATES = 160
check-errors-some: STATES = 60
check-endurance-some: CYCLES = 5
check-endurance-some: SEED = 1
check-crash-some check-errors-some check-endurance-some: check-%-some: check-%

check-gates: $(ready) ## rules of the house: includes, sizes, manual pages, reproducible builds
	@tests/gate.sh

check-host: $$(KERNELS_NEEDED) ## the command on the machine that builds: every verb, every bad input; ONLY=root: what only root can do
	@/usr/bin/python3 -m pytest -q tests/host $(ONLY:%=-m %)

# Without CONFIG it is the kernel KERNEL that is looked at.
CONFIG = $(KERNELS)/$(KERNEL)/config
check-kconfig: $(if $(filter file,$(origin CONFIG)),$(KERNELS)/$(KERNEL)/release) ## what a kernel lacks for cowboot and BOARD, and why: CONFIG=FILE
	@configs/check-kconfig $(CONFIG) cowboot $(shell sed 's/#.*//' $(wildcard board/$(BOARD)/kconfig) < /dev/null) \
		--modules board/$(BOARD)/modules

# What an update brings in the tests.
OTHER_KERNEL = $(KERNELS)/$(if $(filter 6.1,$(KERNEL)),6.12,6.1)/release

check-qemu: $(ready) $A/e2fsck $(OTHER_KERNEL) ## scenarios, each a boot or some
	@/usr/bin/python3 -m pytest tests/qemu -m 'not boards'

KERNELS_NEEDED = $(ready) $(KERNELS_PINNED:%=$(KERNELS)/%/release)

# One guest each; side by side. `make check' looks at the kernel that its scenarios boot: KERNEL.
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

RELEASE = bookworm
TARGETS = demo check

check-fresh: $B/packages-fresh ## the README's commands in a Debian that has nothing: RELEASE=bookworm or trixie
	@tests/fresh/run $(RELEASE) $(TARGETS)

BOARDS = $(patsubst board/%/cowboot.conf,%,$(wildcard board/*/cowboot.conf))

check-boards: $(ready) $B/unit/host/seal_large $A/e2fsck $B/packages-boards $(EFI) $(OTHER_KERNEL) ## the long scenarios, those with UEFI, every kernel, and every board as far as it can be
	@/usr/bin/python3 -m pytest tests/qemu -m boards
	@COWBOOT_LARGE=1 $B/unit/host/seal_large
	@for board in $(BOARDS); do $(MAKE) --no-print-directory BOARD=$$board || exit; done
	@/usr/bin/python3 -m pytest -c tests/boards/pytest.ini tests/boards
	@for board in qemu-virt raspi3b; do tests/boards/run $$board || exit; done
	@$(MAKE) $(SIDE_BY_SIDE) $(KERNEL_CHECKS)
	@$(MAKE) --no-print-directory check-ports

# Each file of tests/unit/ROOM/ is one program, linked with what it needs of all rooms.
UNIT_OBJS = $(call objects,$B/unit,$(ROOMS))
UNIT_TESTS = $(patsubst tests/unit/%.c,$B/unit/%,$(sort $(wildcard tests/unit/*/*.c)))

check-unit: $(UNIT_TESTS) ## unit tests, native, with address and undefined-behaviour sanitizers
	@failed=; for test in $(UNIT_TESTS); do \
		echo "  TEST    $$test"; timeout $$((60 * COWBOOT_TIMEOUT_SCALE)) ./$$test || failed="$$failed $$test"; \
	done; [ -z "$$failed" ] || { echo "cowboot: these unit tests failed:$$failed"; exit 1; }

$B/unit/obj/%.o: src/%.c Makefile VERSION | $B/packages-build $B/packages-test
	$(call say,CC,$@)
	$(call compile,gcc $(CFLAGS_UNIT))

# The test has the main(); ours are called init_main(), cli_main() and host_main() here.
$B/unit/obj/%/main.o: CFLAGS_UNIT += -Dmain=$(subst /,_,$*) -Wno-missing-prototypes

$(call made-of,$B/unit/rooms.a,$(UNIT_OBJS))

$B/unit/rooms.a: $(UNIT_OBJS) $B/unit/rooms.a.made-of
	$(Q)rm -f $@ && ar qcs $@ $(UNIT_OBJS)

$B/unit/%: tests/unit/%.c $B/unit/rooms.a Makefile
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && gcc $(CFLAGS_UNIT) -MF $@.d -o $@ $< $B/unit/rooms.a \
		-lcmocka -ldevmapper -lzstd -lsodium -ldivsufsort -lext2fs -lcom_err

## ---- On the machine that builds ---------------------------------------------------------------

PREFIX = /usr/local
DESTDIR =
INSTALL_BIN = $(DESTDIR)$(PREFIX)/bin
INSTALL_COMPLETION = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
INSTALL_MAN = $(DESTDIR)$(PREFIX)/share/man/man
INSTALL_UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
MANUALS = $(wildcard docs/man/*.[1-8])
UNITS = $(filter-out %.conf %.preset,$(wildcard configs/systemd/cowboot-*))

install: $B/host/cowboot ## the host's command, manual pages, completion, units: PREFIX=/usr/local, DESTDIR=
	@install -d $(INSTALL_BIN) $(INSTALL_COMPLETION) $(INSTALL_UNITS) $(sort $(foreach m,$(MANUALS),$(INSTALL_MAN)$(subst .,,$(suffix $m))))
	@install -m 755 $B/host/cowboot $(INSTALL_BIN)/cowboot
	@install -m 644 configs/completion/cowboot $(INSTALL_COMPLETION)/cowboot
	@install -m 644 $(UNITS) $(INSTALL_UNITS)
	@$(foreach m,$(MANUALS),install -m 644 $m $(INSTALL_MAN)$(subst .,,$(suffix $m)) &&) :
	@echo 'cowboot is installed below $(DESTDIR)$(PREFIX)'

uninstall: ## remove what make install put there, with the same PREFIX and DESTDIR
	@rm -f $(INSTALL_BIN)/cowboot $(INSTALL_COMPLETION)/cowboot $(UNITS:configs/systemd/%=$(INSTALL_UNITS)/%) \
		$(foreach m,$(MANUALS),$(INSTALL_MAN)$(subst .,,$(suffix $m))/$(notdir $m))

clean: ## remove all that was built or fetched
	rm -rf $B

.PHONY: all help install uninstall kernel sizes sbom repro versions demo qemu clean check check-boards check-crash \
	check-endurance check-errors check-fresh check-gates check-host check-kconfig check-kernel check-qemu check-unit $(KERNEL_CHECKS) \
	check-crash-some check-errors-some check-endurance-some

include tests/sim/sim.mk
include tests/ports/ports.mk
include tests/fuzz/fuzz.mk
include tests/bench/bench.mk
-include $(wildcard $A/obj/*/*.d $B/host/obj/*/*.d $B/unit/obj/*/*.d $B/unit/*/*.d)
