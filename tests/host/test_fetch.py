# SPDX-License-Identifier: MIT
"""configs/fetch, with a mirror of its own that has other versions than configs/versions pins."""
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PINS = """\
source\tbookworm\tlibsodium\t1.0.18-1+deb12u1
deb\tbookworm\tmusl-dev\t1.2.3-1
kernel\tbookworm\tlinux-image-arm64\t6.1.176-1
"""


class Mirror:
    """A folder that apt takes for Debian's archive, and a tree beside it with the configs that use it."""

    def __init__(self, directory):
        self.archive, self.tree = directory / "debian", directory / "tree"
        shutil.copytree(TOP / "configs", self.tree / "configs")
        (self.tree / "configs/versions").write_text("# pins\n" + PINS)
        self.packages, self.sources = [], []
        (directory / "sources.list").write_text(
            f"deb [trusted=yes] file:{self.archive} bookworm main\n")
        (directory / "lists").mkdir()
        (directory / "apt.conf").write_text(f'''
            Dir::Etc::sourcelist "{directory}/sources.list";
            Dir::Etc::sourceparts "/dev/null";
            Dir::State::lists "{directory}/lists";
            Acquire::AllowInsecureRepositories "true";
            APT::Get::AllowUnauthenticated "true";
        ''')
        self.environment = dict(os.environ, APT_CONFIG=str(directory / "apt.conf"),
                                BUILD=str(self.tree / "build"))

    def add(self, name, data):
        pool = self.archive / "pool"
        pool.mkdir(parents=True, exist_ok=True)
        (pool / name).write_bytes(data)
        return hashlib.sha256(data).hexdigest(), len(data), f"pool/{name}"

    def deb(self, package, version, more=""):
        digest, size, path = self.add(f"{package}_{version}_arm64.deb", f"{package} {version}".encode())
        self.packages.append(f"Package: {package}\nVersion: {version}\nArchitecture: arm64\n{more}"
                             f"Filename: {path}\nSize: {size}\nSHA256: {digest}\n")

    def source(self, package, version):
        digest, size, _ = self.add(f"{package}_{version}.dsc", f"{package} {version}".encode())
        self.sources.append(f"Package: {package}\nVersion: {version}\nDirectory: pool\n"
                            f"Checksums-Sha256:\n {digest} {size} {package}_{version}.dsc\n")

    def publish(self):
        for suite, root in (("bookworm", self.archive), ("bookworm-updates", self.archive),
                            ("bookworm-security", self.archive.with_name("debian-security"))):
            dist = root / "dists" / suite
            has = suite == "bookworm"
            indices = {"main/binary-arm64/Packages": "\n".join(self.packages) if has else "",
                       "main/source/Sources": "\n".join(self.sources) if has else ""}
            release = [f"Codename: {suite}", f"Suite: {suite}", "Components: main",
                       "Architectures: arm64", "Date: Thu, 01 Jan 2026 00:00:00 UTC", "SHA256:"]
            for path, text in indices.items():
                (dist / path).parent.mkdir(parents=True, exist_ok=True)
                (dist / path).write_text(text)
                release.append(f" {hashlib.sha256(text.encode()).hexdigest()} {len(text)} {path}")
            (dist / "Release").write_text("\n".join(release) + "\n")

    def fetch(self, kind, package, pinned):
        self.publish()
        into = self.tree / f"build/dl/{kind}_{package}_{pinned}"
        done = subprocess.run([self.tree / "configs/fetch", kind, package, into],
                              env=self.environment, capture_output=True, text=True)
        files = sorted(path.name for path in into.glob("*[bc]")) if into.exists() else []
        return done.returncode, done.stderr, files

    def versions(self):
        return [row.split() for row in (self.tree / "build/versions").read_text().splitlines()]


@pytest.fixture
def mirror(tmp_path):
    return Mirror(tmp_path)


def test_the_pin_is_taken_where_it_is(mirror):
    mirror.deb("musl-dev", "1.2.3-1")
    mirror.deb("musl-dev", "1.2.3-1+deb12u1")
    code, said, files = mirror.fetch("deb", "musl-dev", "1.2.3-1")
    assert code == 0, said
    assert files == ["musl-dev_1.2.3-1_arm64.deb"] and "gone" not in said
    assert ["deb", "bookworm", "musl-dev", "1.2.3-1", "1.2.3-1"] in mirror.versions()


def test_another_revision_is_taken_and_said(mirror):
    mirror.deb("musl-dev", "1.2.5-1")
    mirror.deb("musl-dev", "1.2.3-1+deb12u1")
    mirror.source("libsodium", "1.0.18-1+deb12u2")
    code, said, files = mirror.fetch("deb", "musl-dev", "1.2.3-1")
    assert code == 0, said
    assert files == ["musl-dev_1.2.3-1+deb12u1_arm64.deb"]
    assert ("configs/fetch: musl-dev 1.2.3-1 is pinned and gone from the mirror: taking "
            "1.2.3-1+deb12u1\n") in said
    code, said, files = mirror.fetch("source", "libsodium", "1.0.18-1+deb12u1")
    assert code == 0, said
    assert files == ["libsodium_1.0.18-1+deb12u2.dsc"]
    assert ["deb", "bookworm", "musl-dev", "1.2.3-1", "1.2.3-1+deb12u1"] in mirror.versions()
    assert ["source", "bookworm", "libsodium", "1.0.18-1+deb12u1",
            "1.0.18-1+deb12u2"] in mirror.versions()


def test_another_upstream_version_is_refused_with_the_line(mirror):
    mirror.deb("musl-dev", "1.2.30-1")
    code, said, files = mirror.fetch("deb", "musl-dev", "1.2.3-1")
    assert (code, files) == (1, [])
    assert "the mirror has 1.2.30-1, another upstream version of code that ships" in said
    assert said.endswith("configs/versions:3:deb\tbookworm\tmusl-dev\t1.2.3-1\n")


def test_any_kernel_is_taken(mirror):
    mirror.deb("linux-image-arm64", "6.1.999-1", "Depends: linux-image-6.1.0-99-arm64 (= 6.1.999-1)\n")
    mirror.deb("linux-image-6.1.0-99-arm64", "6.1.999-1")
    code, said, files = mirror.fetch("kernel", "6.1", "6.1.176-1")
    assert code == 0, said
    assert files == ["linux-image-6.1.0-99-arm64_6.1.999-1_arm64.deb"]
    assert "linux-image-arm64 6.1.176-1 is pinned and gone from the mirror: taking 6.1.999-1" in said
    assert ["kernel", "bookworm", "linux-image-arm64", "6.1.176-1", "6.1.999-1"] in mirror.versions()
