# SPDX-License-Identifier: MIT
# What cowboot costs, for the Makefile of the project root to include: docs/performance.md.

# Without PART it is all of them.
bench: $(ready) $B/packages-bench ## what a boot and a merge cost, beside a first stage that does nothing: PART=boot, RUNS=N
	@tests/bench/run $(RUNS:%=--runs %) $(PART)

check-cost: $(ready) ## that a boot costs no more than it did: instructions, writes
	@/usr/bin/python3 -m pytest -q -c tests/bench/pytest.ini tests/bench

$B/packages-bundles: configs/host-packages configs/install-packages | $B/packages-test
	$(Q)configs/install-packages bundles $@.log && touch $@

bench-bundles: $(ready) $B/packages-bundles ## how large updates are, beside what others make: tables in docs/bundles.md; takes hours
	@qemu/debian/mkroot
	@tests/bench/bundles/run

.PHONY: bench bench-bundles check-cost
