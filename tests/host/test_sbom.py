# SPDX-License-Identifier: MIT
"""make sbom: the bill of materials follows CycloneDX's own schema, names what is in the initramfs with its
digests, has the same bytes each time, and refuses an initramfs with a file that nobody has described."""

import gzip
import hashlib
import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

TOP = Path(__file__).resolve().parents[2]
SCHEMAS = Path(__file__).parent / "cyclonedx"
BUILT = TOP / "build/arm64"
MADE = TOP / "build/qemu-virt/sbom.cdx.json"
MKINITRAMFS = TOP / "initramfs/mkinitramfs"


def make_sbom(*words):
    done = subprocess.run(["make", "-s", "--no-print-directory", "sbom", *words], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def downloads():
    """As the Makefile names them: those that were taken for the pins of today."""
    done = subprocess.run(["make", "-s", "-n", "-W", "configs/sbom", "sbom"], cwd=TOP, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return re.findall(r"build/dl/[^ ]+/", done.stdout)


def sbom(out, initramfs):
    return subprocess.run(
        [TOP / "configs/sbom", "-o", out, "--initramfs", initramfs, "--built", BUILT, "--board", "some",
         "--version", "1", "--arch", "arm64", "--triplet", "aarch64-linux-gnu", *downloads()],
        cwd=TOP, capture_output=True, text=True)


@pytest.fixture(scope="module")
def made():
    make_sbom()
    return json.loads(MADE.read_bytes())


def validator():
    """The schemas refer to each other by their files' names, below one address; nothing is fetched."""
    schemas = {path.name: json.loads(path.read_bytes()) for path in SCHEMAS.glob("*.json")}
    whole = schemas.pop("bom-1.6.schema.json")
    store = {f"{whole['$id'].rpartition('/')[0]}/{name}": schema for name, schema in schemas.items()}
    return jsonschema.Draft7Validator(whole, jsonschema.RefResolver.from_schema(whole, store=store))


def test_the_schema(made):
    """And the schema does refuse: a licence that SPDX does not have, a word that is not CycloneDX's."""
    assert [error.message for error in validator().iter_errors(made)] == []
    for spoil in (lambda one: one["components"][0]["licenses"][0]["license"].update(id="MIT-or-so"),
                  lambda one: one["components"][0].update(type="program"),
                  lambda one: one.update(serialNumber="urn:uuid:1"), lambda one: one.pop("bomFormat")):
        bad = json.loads(json.dumps(made))
        spoil(bad)
        assert list(validator().iter_errors(bad))


def flat(components):
    for one in components:
        yield one
        yield from flat(one.get("components", []))


def test_what_is_in_it(made):
    parts = {one["name"]: one for one in made["components"]}
    assert set(parts) == {"cowboot-init", "cowboot", "toybox", "libdevmapper", "zstd", "libsodium", "musl", "libgcc",
                          "linux"}
    for name, path in (("cowboot", "cowboot"), ("cowboot-init", "init"), ("toybox", "toybox"),
                       ("libdevmapper", "lib/libdevmapper.a"), ("zstd", "lib/libzstd.a")):
        digest = hashlib.sha256((BUILT / path).read_bytes()).hexdigest()
        assert parts[name]["hashes"] == [{"alg": "SHA-256", "content": digest}]
    taken = {line.split()[2]: line.split()[4] for line in (TOP / "build/versions").read_text().splitlines()
             if not line.startswith("#")}
    assert parts["libdevmapper"]["purl"] == f"pkg:deb/debian/lvm2@{taken['lvm2']}?arch=source&distro=bookworm"
    assert taken["musl-dev"].startswith(parts["musl"]["version"] + "-")
    assert {one["name"] for one in parts["linux"]["components"]} > {"dm-mod.ko", "dm-snapshot.ko", "ext4.ko"}
    refs = [one["bom-ref"] for one in flat([*made["components"], made["metadata"]["component"]])]
    assert len(set(refs)) == len(refs)
    for one in made["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= set(refs)
    init = next(one for one in made["dependencies"] if one["ref"].startswith("cowboot-init@"))
    assert [ref.partition("@")[0] for ref in init["dependsOn"]] == ["libdevmapper", "libgcc", "musl"]


def initramfs(tmp_path, *words, board="qemu-virt"):
    out = tmp_path / "initramfs.img"
    subprocess.run([MKINITRAMFS, "-o", out, "--board", TOP / "board" / board, "--no-modules", "--fast", *words],
                   check=True)
    return out


def test_same_bytes_and_another_serial_number(made, tmp_path):
    before = MADE.read_bytes()
    MADE.unlink()
    make_sbom()
    assert MADE.read_bytes() == before
    done = sbom(tmp_path / "other.json", initramfs(tmp_path))
    assert done.returncode == 0, done.stderr
    other = json.loads((tmp_path / "other.json").read_bytes())
    assert other["serialNumber"] != made["serialNumber"]
    assert "components" not in next(one for one in other["components"] if one["name"] == "linux")


def test_a_file_that_nobody_has_described(tmp_path):
    (tmp_path / "over/bin").mkdir(parents=True)
    (tmp_path / "over/bin/stranger").write_bytes(b"?")
    done = sbom(tmp_path / "out.json", initramfs(tmp_path, "--overlay", tmp_path / "over"))
    assert done.returncode == 1 and not (tmp_path / "out.json").exists()
    assert done.stderr == "configs/sbom: cannot describe bin/stranger of the initramfs: nothing says what it is\n"


def test_a_command_that_is_not_the_one(tmp_path):
    (tmp_path / "cowboot").write_bytes(b"an older one")
    done = sbom(tmp_path / "out.json", initramfs(tmp_path, "--cowboot", tmp_path / "cowboot"))
    assert done.returncode == 1 and "its cowboot is another than the one that was built; run make" in done.stderr


def test_no_initramfs(tmp_path):
    (tmp_path / "text").write_text("text")
    assert "it is packed neither by zstd nor by gzip" in sbom(tmp_path / "out.json", tmp_path / "text").stderr
    (tmp_path / "short.gz").write_bytes(gzip.compress(b"070701"))
    done = sbom(tmp_path / "out.json", tmp_path / "short.gz")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
