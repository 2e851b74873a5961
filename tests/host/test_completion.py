# SPDX-License-Identifier: MIT
"""The completion for bash knows every verb and every option that the command tells of itself."""

import re
import subprocess

import pytest

from cowboot import good

SCRIPT = "configs/completion/cowboot"


def completed(*words, cwd=None):
    """What bash offers for the last of these words."""
    line = " ".join(f"'{word}'" for word in words)
    script = (f'. "$PWD_OF_TREE/{SCRIPT}"; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; '
              'COMPREPLY=(); _cowboot; printf "%s\\n" "${COMPREPLY[@]}"')
    top = subprocess.check_output(["pwd"], text=True).strip()
    done = subprocess.run(["bash", "--norc", "-uc", script], capture_output=True, text=True, cwd=cwd,
                          env={"PATH": "/usr/bin:/bin", "PWD_OF_TREE": top})
    assert done.returncode == 0 and done.stderr == ""
    return done.stdout.split()


def told(*verb):
    """The options that the help names, of one verb within a verb where two words are given."""
    text = good(verb[0], "--help")
    if len(verb) == 2:
        block = re.search(rf"(?m)^  {verb[1]} (?:.*\n)(?:   +.*\n)*", text)
        assert block, f"{verb} is not explained"
        text = re.sub(r" {4,}[A-Za-z].*", "", block.group())
    return sorted(set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", text)) - {"--help"})


def subverbs(verb):
    return re.findall(r"(?m)^  ([a-z]+) ", good(verb, "--help"))


VERBS = re.findall(r"(?m)^  cowboot ([a-z][a-z-]*)", good("--help"))
PAIRS = [(verb,) for verb in VERBS if verb not in ("bundle", "image", "store")] + [
    (verb, sub) for verb in ("bundle", "image", "store") for sub in subverbs(verb)]


def test_verbs():
    assert VERBS and sorted(completed("cowboot", "")) == sorted({*VERBS, "help"})
    assert sorted(completed("cowboot", "help", "")) == sorted(set(VERBS) - {"help"})
    assert completed("cowboot", "--progress", "json", "mark-") == ["mark-good", "mark-bad"]


def test_options_before_the_verb():
    text = re.sub(r"(?m)^  cowboot [a-z].*", "", good("--help"))
    assert sorted(completed("cowboot", "-")) == sorted({*re.findall(r"--[a-z]+", text), "--help"})
    assert completed("cowboot", "--progress", "") == ["text", "json", "none"]


@pytest.mark.parametrize("verb", ["bundle", "image", "store"])
def test_verbs_within_verbs(verb):
    assert subverbs(verb) and completed("cowboot", verb, "") == subverbs(verb)


@pytest.mark.parametrize("verb", PAIRS)
def test_options(verb):
    assert sorted(completed("cowboot", *verb, "-")) == sorted({*told(*verb), "--help"})


def test_files(tmp_path):
    (tmp_path / "1.bundle").touch()
    for words in (["install"], ["bundle", "info"], ["--config"], ["bundle", "create", "-o"]):
        assert completed("cowboot", *words, "", cwd=tmp_path) == ["1.bundle"]
    assert completed("cowboot", "bundle", "create", "system", "=", cwd=tmp_path) == ["1.bundle"]
    assert completed("cowboot", "bundle", "create", "system", "=", "a", ":", "1", cwd=tmp_path) == [
        "1.bundle"]
    assert completed("cowboot", "status", "", cwd=tmp_path) == []
