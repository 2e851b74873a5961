# SPDX-License-Identifier: MIT
"""Bundles on a server: by the command, and what install reads of them (fetch_over.c); real curl, faulty servers."""

import json
import os
import random
import subprocess
from pathlib import Path

import pytest

import cowboot
from cowboot import bad, run, DONE, FAILED
from server import Server

BUILT = Path("build/tests/fetch_over")
FRAME = 65536
FRAMES = 64
FIRST = 16384      # asked for before it is known what is needed


@pytest.fixture(scope="session")
def fetch_over():
    """The rooms that read, with sanitizers, and no board."""
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    sources = [str(path) for room in ("base", "bundle", "cow") for path in sorted(Path("src", room).glob("*.c"))]
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE=", "-D_FILE_OFFSET_BITS=64", "-g", "-Wall", "-Wextra",
                    "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Isrc", "-o", BUILT,
                    "tests/host/fetch_over.c", *sources, "-lzstd", "-lsodium"], check=True)
    return BUILT.resolve()


class Made:
    """OLD and NEW of 4 MiB of noise, which differ in some frames; NEW as a full bundle, and a larger plain one."""

    def __init__(self, where, changed=(3, 4, 40)):
        noise = random.Random(7)
        self.where, self.old = where, noise.randbytes(FRAMES * FRAME)
        new = bytearray(self.old)
        for frame in changed:
            new[frame * FRAME + 5000] ^= 1
        (where / "old").write_bytes(self.old)
        (where / "new").write_bytes(new)
        cowboot.good("--progress", "none", "bundle", "create", "--full", "-o", "full", "--version", "2", "system=new",
                     cwd=where)
        self.full = (where / "full").read_bytes()
        for frame in range(FRAMES):
            new[frame * FRAME + 9000] ^= 1
        (where / "other").write_bytes(new)
        cowboot.good("--progress", "none", "bundle", "create", "-o", "plain", "--version", "2", "system=old:other",
                     cwd=where)
        self.plain = (where / "plain").read_bytes()
        self.stores = {self.full: self.store("new"), self.plain: self.store("other")} if changed else {}

    def store(self, name):
        cowboot.good("--progress", "none", "store", "create", "-o", "store", "old", name, cwd=self.where)
        return (self.where / "store").read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Made(tmp_path_factory.mktemp("made"))


@pytest.fixture
def server(made):
    it = Server(made.full)
    yield it
    it.close()


class Over:
    def __init__(self, program, made, server, where):
        self.program, self.made, self.server, self.out = program, made, server, where / "out"

    def run(self, tries=2, wait_ms=20, stall_s=1, headers="", url=None):
        words = [self.program, url or self.server.url, self.made.where / "old", self.out, tries, wait_ms, stall_s,
                 headers]
        return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, check=False)

    def good(self, **how):
        """How many bytes came, of how many; and what was said meanwhile."""
        done = self.run(**how)
        assert done.returncode == 0, done.stderr
        if self.server.data in self.made.stores:
            assert self.out.read_bytes() == self.made.stores[self.server.data]
        fetched, total = map(int, done.stdout.split(" of "))
        assert total == len(self.server.data)
        return fetched, done.stderr

    def bad(self, says, **how):
        done = self.run(**how)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.splitlines()[-1] == says
        return done.stderr.splitlines()[:-1]


@pytest.fixture
def over(fetch_over, made, server, tmp_path):
    return Over(fetch_over, made, server, tmp_path)


# ---- What is asked for ---------------------------------------------------------------------------

def test_only_what_is_needed(over, server):
    fetched, said = over.good()
    assert said == ""
    # Head and index, the three frames that differ, and no gap: they are far from each other.
    assert FRAME * 3 < fetched < FRAME * 3 + FIRST + 8192
    assert server.ranges_asked()[0] == "bytes=0-16383" and len(server.asked) == 3
    assert [lines.get("if-range") for lines in server.asked] == [None, server.etag, server.etag]
    assert len(server.clients) == 2     # what is wanted comes through one connection


def test_near_gaps_are_read(fetch_over, server, tmp_path):
    made = Made(tmp_path, changed=(10, 12, 30))
    server.data = made.full
    fetched, _ = Over(fetch_over, made, server, tmp_path).good()
    assert FRAME * 4 < fetched < FRAME * 4 + FIRST + 8192 and len(server.asked) == 3


def test_many_ranges(fetch_over, server, tmp_path):
    made = Made(tmp_path, changed=range(1, FRAMES, 4))
    server.data = made.full
    over = Over(fetch_over, made, server, tmp_path)
    assert FRAME * 16 < over.good()[0] < FRAME * 17 and len(server.asked) == 17
    server.asked, server.faults = [], [None] * 6 + [("break", 1000), None, None, ("break", 0), ("status", 503)]
    assert FRAME * 16 < over.good(tries=3)[0] < FRAME * 17
    assert len(server.asked) in (20, 21)    # behind the 503, curl may have asked for the next range before it was ended


def test_nothing_differs(fetch_over, server, tmp_path):
    made = Made(tmp_path, changed=())
    server.data = made.full
    assert Over(fetch_over, made, server, tmp_path).good()[0] <= FIRST and len(server.asked) == 1


def test_a_plain_bundle_is_two_requests(over, made, server):
    server.data = made.plain
    assert over.good() == (len(made.plain), "")
    assert server.ranges_asked() == ["bytes=0-16383", f"bytes=16384-{len(made.plain) - 1}"]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("which", ["plain", "full"])
def test_a_server_without_ranges_is_read_through(over, made, server, which, chunked):
    server.data, server.ranges, server.chunked = getattr(made, which), False, chunked
    assert over.good() == (len(server.data), "")
    assert len(server.asked) == 1


# ---- Lines that break ----------------------------------------------------------------------------

def test_a_broken_line_is_gone_on_with(over, made, server):
    server.data = made.plain
    server.faults = [("break", 100), ("break", 0), None, ("break", 50000)]
    fetched, said = over.good(tries=3)
    assert fetched == len(made.plain)
    assert [line.split("; ")[0] for line in said.splitlines()] == [
        f"fetch_over: the line broke, at byte {at}" for at in (100, 100, 66484)]
    assert server.ranges_asked()[1:] == ["bytes=100-16483"] * 2 + [
        f"bytes={at}-{len(made.plain) - 1}" for at in (16484, 66484)]


def test_tries_end(over, server):
    server.always = ("break", 0)
    said = over.bad("the line broke, at byte 0; tried 3 times")
    assert len(said) == 2 and len(server.asked) == 3


def test_waits_grow(over, server):
    server.always = ("break", 0)
    assert over.bad("the line broke, at byte 0; tried 4 times", tries=3, wait_ms=400) == [
        f"fetch_over: the line broke, at byte 0; going on in {wait} s" for wait in (1, 1, 2)]


def test_a_line_without_ranges_cannot_be_gone_on_with(over, server):
    server.ranges, server.faults = False, [("break", 100000)]
    over.bad("it broke off at byte 100000, and the server cannot go on there")


def test_a_server_that_had_no_ranges_at_first(over, made, server):
    server.data, server.ranges = made.plain, False
    server.faults = [("break", 0)]
    assert over.good()[0] == len(made.plain)


def test_the_file_changes(over, server):
    server.faults = [("change", 30000)]
    over.bad("the file there has changed since its first byte was read; begin anew")


def test_the_file_changes_before_a_byte_of_it_was_taken(over, server):
    server.etag, server.faults = '"before"', [("change", 0)]
    assert over.good()[0] == len(server.data)   # the answer to If-Range is all of the new one


def test_the_file_changes_where_nothing_says_so(over, server, made):
    """No ETag, no date: the length is compared, and then every byte."""
    server.etag, server.faults = None, [("break", 30000)]
    assert over.good()[0] > 65536
    server.faults = [None]
    server.data = made.full[:70000] + b"\1" + made.full[70001:]
    done = over.run()
    assert done.returncode == 1 and "its digest differs" in done.stderr or done.returncode == 0
    at = made.full.index(made.old[40 * FRAME:40 * FRAME + 64])
    server.data = made.full[:at] + bytes(64) + made.full[at + 64:]
    over.bad("the payload of volume system is damaged: frame 40: its digest differs")


def test_a_stall(over, server):
    server.faults = [None, ("stall", 100)]
    fetched, said = over.good()
    assert "the server does not answer, or stalls, at byte " in said


def test_a_server_that_is_busy(over, server):
    server.faults = [("status", 503), ("status", 429), None, ("status", 500)]
    _, said = over.good(tries=3)
    assert said.splitlines()[0] == ("fetch_over: the server answers 503: the server has too much to do; try again "
                                    "later, at byte 0; going on in 1 s")
    assert len(said.splitlines()) == 3


# ---- Servers that do wrong -----------------------------------------------------------------------

def test_an_endless_head(over, server):
    server.always = ("head",)
    over.bad("the head of the server's answer does not end")


def test_an_endless_body(over, made, server):
    """Of a part only what was asked for is taken; of a whole, one byte more than the bundle has."""
    server.always = ("more", 0)
    server.data = made.plain
    assert over.good()[0] < len(made.plain) + 32768
    server.data = made.full
    over.bad("the head of the server's answer does not end")
    server.ranges = False
    over.bad(f"padded: it ends at byte {len(server.data)}, and more follows")


@pytest.mark.parametrize("more", [-1, 1, 100000])
def test_another_length(over, made, server, more):
    server.data = made.full[:more] if more < 0 else made.full + bytes(more)
    said = f"the file there has {len(server.data)} bytes, and the bundle {len(made.full)}"
    over.bad(said)
    server.ranges = False
    over.bad(said)
    assert len(server.asked) == 2


def test_an_empty_file(over, server):
    server.data, server.ranges = b"", False
    over.bad("truncated at byte 0")
    server.chunked = True
    over.bad("truncated at byte 0")
    server.always = ("status", 416)
    over.bad("the server answers 416: the file is empty, or has changed meanwhile")


def test_another_part(over, server):
    for fault in (("elsewhere", 0), ("less", 1)):
        server.faults = [None, fault]
        over.bad("the server sends another part than it was asked for")


@pytest.mark.parametrize("where, says", [
    ("/2.bundle", "it is redirected too often (curl's exit code 47)"),
    ("ftp://127.0.0.1/2.bundle", "it is redirected to what is neither http nor https, or from https to http "
                                 "(curl's exit code 1)"),
    ("file:///etc/passwd", "it is redirected to what is neither http nor https, or from https to http "
                           "(curl's exit code 1)"),
])
def test_redirects_end(over, server, where, says):
    server.always = ("redirect", where)
    over.bad(says)
    assert len(server.asked) == (6 if where[0] == "/" else 1)


def test_a_redirect_is_followed(over, server):
    server.faults = [("redirect", "/elsewhere"), ("redirect", "/2.bundle"), None, ("redirect", "/2.bundle")]
    assert FRAME * 3 < over.good()[0] < FRAME * 4


# ---- The command ---------------------------------------------------------------------------------

def verify(server, *words, **more):
    return run("--progress", "none", "bundle", "verify", *words, server.url, **more)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("which", ["plain", "full"])
def test_verify(made, server, which, ranges):
    server.data, server.ranges = getattr(made, which), ranges
    done = verify(server)
    assert (done.returncode, done.stderr) == (DONE, b"")
    assert done.stdout.decode().endswith(f"{server.url}: sound, version 2\n")


def test_info_reads_only_the_head(made, server):
    done = run("bundle", "info", server.url)
    assert done.returncode == DONE and f"frames   {FRAMES} of {FRAME} bytes" in done.stdout.decode()
    assert server.ranges_asked() == ["bytes=0-16383"]


@pytest.mark.parametrize("status, says", [
    (401, "it wants to know who asks; see --header-file"),
    (403, "it does not give this board the file; see --header-file"),
    (404, "there is no such file; look at the URL"),
    (418, "that is no file; look at the URL"),
])
def test_statuses(server, status, says):
    """The URL is told, and nothing in it that nobody shall read."""
    server.always = ("status", status)
    url = server.url.replace("//", "//me:secret@") + "?key=secret#there"
    bad("bundle", "info", url, says=f"cannot read {server.url}: the server answers {status}: {says}")


def test_a_token(server, tmp_path):
    """A file has the lines; nothing of them is in the arguments of any process."""
    server.token = 'Bearer "q"\\s'
    (tmp_path / "lines").write_text('Authorization: Bearer "q"\\s\n\nX-Board: 1\n', encoding="ascii")
    assert verify(server).returncode == FAILED
    assert verify(server, "--header-file", tmp_path / "lines").returncode == DONE
    assert server.asked[-1]["x-board"] == "1"


@pytest.mark.parametrize("lines, says", [
    ("Authorization\n", 'its line 1 is not "Name: value"'),
    ("A: b\n@/etc/shadow: x\n", 'its line 2 is not "Name: value"'),
    ("A: b\nB: \1\n", 'its line 2 is not "Name: value"'),
    (" A: b\n", 'its line 1 is not "Name: value"'),
    ("A: b\0\n", "it is no text"),
])
def test_header_files_that_are_none(server, tmp_path, lines, says):
    (tmp_path / "lines").write_text(lines, encoding="ascii")
    bad("bundle", "info", "--header-file", tmp_path / "lines", server.url,
        says=f"cannot read {server.url}: cannot use header file {tmp_path / 'lines'}: {says}")
    assert not server.asked


def test_wrong_words(made, tmp_path):
    bad("bundle", "info", "http://h/a b", says="cannot read http://h/a b: its URL has a character that has to be "
                                               "written as %XX")
    bad("bundle", "info", 'http://h/"', says='cannot read http://h/": its URL has a character that has to be '
                                             "written as %XX")
    bad("bundle", "info", "http://h/" + "a" * 2048, says=f"cannot read http://h/{'a' * 190}: its URL is too long")
    bad("bundle", "info", "--header-file", "none", "http://h/", cwd=tmp_path,
        says="cannot read http://h/: cannot read header file none: No such file or directory")
    bad("bundle", "info", "--header-file", "none", made.where / "full",
        says=f"cannot read {made.where / 'full'}: --header-file is for a server, and this is none")
    # A word that curl could take for more than one URL is one.
    bad("bundle", "info", "http://[1-2]/", says="cannot read http://[1-2]/: curl does not take its URL "
                                                "(curl's exit code 3)")


def test_a_redirection_to_another_host_gets_no_token(made, server, tmp_path):
    other = Server(made.full)
    server.token, server.always = "token", ("redirect", other.url.replace("127.0.0.1", "localhost"))
    (tmp_path / "lines").write_text("Authorization: token\nCookie: c\nX-Board: 1\n", encoding="ascii")
    assert verify(server, "--header-file", tmp_path / "lines").returncode == DONE
    other.close()
    assert server.asked[0]["authorization"] == "token" and server.asked[0]["cookie"] == "c"
    assert not {"authorization", "cookie"} & set(other.asked[0]) and other.asked[0]["x-board"] == "1"


def test_a_proxy(server):
    """It is the server here: whoever asks a proxy names the whole URL."""
    env = {**os.environ, "http_proxy": server.url, "no_proxy": ""}
    done = run("--progress", "none", "bundle", "verify", "http://updates.invalid/2.bundle", env=env)
    assert done.returncode == DONE and server.asked[0]["host"] == "updates.invalid"
    env = {**os.environ, "http_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"}
    assert verify(server, env=env).returncode == DONE and server.asked[-1]["host"] != "updates.invalid"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", path, "-out", path.with_suffix(".crt")], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


def test_tls(made, server, certificate):
    """A certificate that this system does not trust; one that it does; and no way from there to HTTP."""
    secure = Server(made.full, certificate)
    bad("bundle", "info", secure.url, says=f"cannot read {secure.url}: the server's certificate is not one that this "
                                           "system trusts now; is the clock right, and is ca-certificates installed? "
                                           "(curl's exit code 60)")
    assert not secure.asked
    env = {**os.environ, "CURL_CA_BUNDLE": str(certificate.with_suffix(".crt"))}
    assert verify(secure, env=env).returncode == DONE
    secure.always = ("redirect", server.url)
    bad("bundle", "info", secure.url, env=env, says=f"cannot read {secure.url}: it is redirected to what is neither "
                                                    "http nor https, or from https to http (curl's exit code 1)")
    assert not server.asked
    server.always, secure.always = ("redirect", secure.url), None
    assert verify(server, env=env).returncode == DONE
    secure.close()


def fake(where, text):
    """A curl of that text, found first; gives the environment."""
    (where / "bin").mkdir()
    (where / "bin/curl").write_text(text, encoding="ascii")
    (where / "bin/curl").chmod(0o755)
    return {**os.environ, "PATH": f"{where / 'bin'}:{os.environ['PATH']}"}


def test_nothing_in_the_arguments_or_the_descriptors(server, tmp_path):
    """What curl gets: four words, and three descriptors. Its configuration has the rest."""
    env = fake(tmp_path, f"""#!/usr/bin/python3
import os, sys
open("{tmp_path}/fds", "w").write(" ".join(os.listdir("/proc/self/fd")))
open("{tmp_path}/words", "w").write(" ".join(sys.argv[1:]))
open("{tmp_path}/config", "w").write(sys.stdin.read())
sys.exit(3)
""")
    (tmp_path / "lines").write_text("Authorization: s3cret\n", encoding="ascii")
    done = verify(server, "--header-file", tmp_path / "lines", env=env)
    assert done.stderr.decode() == (f"cowboot: cannot verify {server.url}: curl does not take its URL "
                                    "(curl's exit code 3)\n")
    assert (tmp_path / "words").read_text() == "-q --config -"
    assert len((tmp_path / "fds").read_text().split()) <= 5     # with the file itself, and the folder that is read
    config = (tmp_path / "config").read_text()
    assert 'header = "Authorization: s3cret"\n' in config and 'proto = "=http,https"\n' in config


def test_a_curl_that_prints_anything(server, tmp_path):
    env = fake(tmp_path, "#!/bin/sh\nexec cat /dev/urandom\n")
    done = verify(server, env=env)
    assert done.returncode == FAILED
    assert b"HTTP" in done.stderr or b"does not end" in done.stderr


def test_no_rc_file(server, tmp_path):
    (tmp_path / ".curlrc").write_text("user-agent = rc\n", encoding="ascii")
    assert verify(server, env={**os.environ, "HOME": str(tmp_path), "CURL_HOME": str(tmp_path)}).returncode == DONE
    assert all(lines["user-agent"].startswith("curl/") for lines in server.asked)


def test_progress_tells_what_came(made, server):
    done = run("--progress", "json", "bundle", "verify", server.url)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines[0]["fetched_bytes"] <= FIRST and lines[-1]["fetched_bytes"] == len(made.full)
