# SPDX-License-Identifier: MIT
# The simulator and its mutants, for the Makefile of the project root to include.

check-sim: $B/packages-test ## every power cut and every failing call, simulated
	@tests/sim/run

check-mutants: $B/packages-test ## one-line breakages, each of which must turn a named test red
	@tests/mutants/run

.PHONY: check-sim check-mutants
