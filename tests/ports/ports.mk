# SPDX-License-Identifier: MIT
# The pure rooms' unit tests as other processors run them, for the Makefile of the project root to include:
# 32 bits, where long and size_t are short, and the other order of bytes. Nothing else is built for these.
# Each program is static and is given to QEMU by name: what the kernel has registered for it counts for nothing.

PORTS = arm-linux-gnueabihf s390x-linux-gnu
QEMU_OF_arm-linux-gnueabihf = qemu-arm-static
QEMU_OF_s390x-linux-gnu = qemu-s390x-static

# What needs no library.
PORT_SOURCES = $(foreach room,base storage state conf cow decide loader,$(wildcard src/$(room)/*.c)) src/map/status.c \
	src/map/table.c src/bundle/header.c src/bundle/manifest.c src/recovery/model.c src/recovery/screen.c \
	src/recovery/policy.c
# And what of their tests needs no device, nor folders and processes of a kind.
PORT_TESTS = $(filter-out base/sys base/sys_file base/child base/progress,$(patsubst tests/unit/%.c,%,$(wildcard $(addprefix tests/unit/, \
	base/*.c conf/*.c cow/*.c decide/*.c state/*.c loader/bootblock.c loader/bootentry.c map/status.c map/table.c \
	bundle/header.c bundle/manifest.c recovery/model.c recovery/policy.c storage/align.c storage/gpt.c storage/uevent.c))))

# What is undefined ends the program: there is no library of sanitizers for these.
CFLAGS_PORT = $(filter-out -MMD -MP,$(CFLAGS_ALL)) -MMD -MP -O2 -g -fsanitize=undefined -fsanitize-undefined-trap-on-error

check-ports: $(PORTS:%=check-port-%) ## the pure rooms' unit tests with 32 bits, and on a big-endian machine

# $(1): the triplet.
define port
$B/ports/$(1)/obj/%.o: src/%.c Makefile tests/ports/ports.mk VERSION | $B/packages-ports
	$$(call say,CC,$$@)
	$$(call compile,$(1)-gcc $$(CFLAGS_PORT) -Wconversion)

$B/ports/$(1)/cmocka.o: $$(call fetched,orig_cmocka) tests/ports/config.h | $B/packages-ports
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)/cmocka && tar -x -f $$(<D)/*.orig.tar.xz -C $$(@D)/cmocka --strip-components=1
	$$(Q)$(1)-gcc -O2 -DHAVE_CONFIG_H -Itests/ports -I$$(@D)/cmocka/include -c -o $$@ $$(@D)/cmocka/src/cmocka.c

$B/ports/$(1)/rooms.a: $(PORT_SOURCES:src/%.c=$B/ports/$(1)/obj/%.o)
	$$(Q)rm -f $$@ && $(1)-ar qcs $$@ $$^

$B/ports/$(1)/%: tests/unit/%.c $B/ports/$(1)/rooms.a $B/ports/$(1)/cmocka.o
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D) && $(1)-gcc $$(CFLAGS_PORT) -I$B/ports/$(1)/cmocka/include -MF $$@.d -static -o $$@ $$< \
		$B/ports/$(1)/rooms.a $B/ports/$(1)/cmocka.o

check-port-$(1): $(PORT_TESTS:%=$B/ports/$(1)/%)
	@failed=; for test in $$^; do \
		echo "  TEST    $$$$test"; timeout 600 $(QEMU_OF_$(1)) ./$$$$test || failed="$$$$failed $$$$test"; \
	done; [ -z "$$$$failed" ] || { echo "cowboot: these unit tests failed:$$$$failed"; exit 1; }

.PHONY: check-port-$(1)
-include $$(wildcard $B/ports/$(1)/obj/*/*.d $B/ports/$(1)/*/*.d)
endef
$(foreach p,$(PORTS),$(eval $(call port,$p)))

.PHONY: check-ports
