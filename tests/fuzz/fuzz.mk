# SPDX-License-Identifier: MIT
# Fuzzing, for the Makefile of the project root to include: tests/fuzz/README.
# SECONDS=N for each target, TARGET=NAME for one of them.

FUZZ = $B/fuzz
FUZZ_TARGETS = $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
TARGET =
SECONDS = 60
# (gcc has looked at what falls through, which clang does not read in comments.)
CFLAGS_FUZZ = $(CFLAGS_ALL) -Wno-implicit-fallthrough -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all

# The rooms that read what others have written; of map only what reads its lines.
# A process for each bundle would be most of what is timed: the simulator's stand-in unpacks in this one.
FUZZ_OBJS = $(filter-out %/bundle/unpack.o,$(call objects,$(FUZZ),base storage state loader conf cow bundle)) \
	$(FUZZ)/obj/map/status.o $(FUZZ)/obj/unpack.o

$(FUZZ)/obj/%.o: src/%.c Makefile tests/fuzz/fuzz.mk VERSION | $B/packages-fuzz
	$(call say,CC,$@)
	$(call compile,clang $(CFLAGS_FUZZ) -fsanitize=fuzzer-no-link$(,)address$(,)undefined)

$(FUZZ)/obj/unpack.o: tests/sim/unpack.c Makefile tests/fuzz/fuzz.mk | $B/packages-fuzz
	$(call say,CC,$@)
	$(call compile,clang $(CFLAGS_FUZZ) -fsanitize=fuzzer-no-link$(,)address$(,)undefined)

, := ,

$(call made-of,$(FUZZ)/rooms.a,$(FUZZ_OBJS))

$(FUZZ)/rooms.a: $(FUZZ_OBJS) $(FUZZ)/rooms.a.made-of
	$(Q)rm -f $@ && ar qcs $@ $(FUZZ_OBJS)

$(FUZZ)/%: tests/fuzz/%.c tests/fuzz/fuzz.h $(FUZZ)/rooms.a
	$(call say,LD,$@)
	$(Q)clang $(CFLAGS_FUZZ) -MF $@.d -fsanitize=fuzzer$(,)address$(,)undefined -o $@ $< $(FUZZ)/rooms.a -lzstd -lsodium

# What the golden files, and the programs that make such things, give to begin with.
$(FUZZ)/seeds/made: tests/fuzz/seeds $(wildcard tests/golden/*/*) | $B/packages-test
	$(Q)rm -rf $(@D) && mkdir -p $(@D) && tests/fuzz/seeds $(@D) && touch $@

FUZZ_RUNS = $(patsubst %,fuzz-%,$(or $(TARGET),$(FUZZ_TARGETS)))

fuzz: $(FUZZ_RUNS) ## fuzz what reads strangers' bytes: SECONDS=60 each, TARGET=NAME

$(FUZZ_TARGETS:%=fuzz-%): fuzz-%: $(FUZZ)/% $(FUZZ)/seeds/made
	@tests/fuzz/run $* $(SECONDS)

check-fuzz: ## 10 seconds of each fuzz target
	@$(MAKE) $(SIDE_BY_SIDE) fuzz SECONDS=10

.PHONY: fuzz check-fuzz $(FUZZ_TARGETS:%=fuzz-%)
-include $(wildcard $(FUZZ)/obj/*/*.d $(FUZZ)/*.d)
