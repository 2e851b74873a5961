# SPDX-License-Identifier: MIT
"""What the units for systemd must keep, each of which went wrong for users of systems like this one."""
import configparser
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
UNITS = TOP / "configs/systemd"


def unit(name):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNITS / name)
    return parser


def test_the_time_of_a_trial_begins_with_its_system():
    """A soft-reboot keeps the kernel's clock: counted from the boot, the time would be over at once."""
    timer = unit("cowboot-trial.timer")["Timer"]
    assert "OnActiveSec" in timer
    assert not {"OnBootSec", "OnStartupSec", "OnCalendar"} & set(timer)


def test_systemd_does_not_bless_what_cowboot_counts():
    """It would rename the entry as soon as the system is up, long before mark-good."""
    condition = unit("cowboot-bless-boot.conf")["Unit"]["ConditionPathExists"]
    assert condition == "!/run/cowboot/boot.json"
    # Which init leaves in each boot, and which porting.md and the demo's root put in its place.
    report = (TOP / "src/init/report.c").read_text()
    assert 'RUN_DIR "boot.json"' in report and '#define RUN_DIR "/run/cowboot/"' in report
    place = "/usr/lib/systemd/system/systemd-bless-boot.service.d/cowboot.conf"
    assert place in (TOP / "docs/porting.md").read_text() and place in (TOP / "qemu/debian/mkroot").read_text()
