# SPDX-License-Identifier: MIT
"""What a boot costs has bounds. Not of time, which is the machine's: of instructions beside the floor's (the
goals of docs/performance.md), and of writes. The numbers of `make bench` say how much room there is."""
import boot
import pytest
from artefacts import BUILD

# Of the floor's instructions, and writes: idle, ext4 notes that data is mounted; a trial saves a record besides.
BOUNDS = {"idle": (1.15, 1), "trial": (1.25, 3)}


@pytest.fixture(scope="module")
def measured(lab):
    lab.init = BUILD / "arm64/init"
    phases = ("idle", "trial", "kept", "forgotten")
    wanted = [kind for kind in boot.kinds(lab, phases) if kind.name != boot.BARE]
    return {kind.name: kind for kind in boot.measure(lab, wanted, runs=0, counts=1)}


@pytest.mark.parametrize("phase", BOUNDS)
def test_instructions(measured, phase):
    assert measured[phase].insns[0] <= BOUNDS[phase][0] * measured["floor"].insns[0]


@pytest.mark.parametrize("phase", BOUNDS)
def test_writes(measured, phase):
    assert 0 < measured[phase].writes <= BOUNDS[phase][1]


def test_what_is_kept_costs_a_boot_nothing(measured):
    """The same board, before and after `cowboot forget`."""
    kept, forgotten = measured["kept"], measured["forgotten"]
    assert kept.insns[0] <= 1.02 * forgotten.insns[0]
    assert (kept.writes, kept.written_bytes) == (forgotten.writes, forgotten.written_bytes)
