# SPDX-License-Identifier: MIT
"""Words that are wrong, and help that is right."""

import pathlib
import re
import subprocess

import pytest

from cowboot import bad, good, run, usage, FAILED, PROGRAM

VERBS = ["status", "install", "mark-good", "mark-bad", "merge", "cancel", "bench-disk",
         "bundle", "image", "store"]


def test_no_verb():
    usage(says="no verb given")


@pytest.mark.parametrize("verb", ["x", "statu", "status2", "", "recover"])
def test_unknown_verb(verb):
    usage(verb, says=f"unknown verb '{verb}'")


@pytest.mark.parametrize("option", ["-x", "-", "--hel", "--configg"])
def test_unknown_option(option):
    usage(option, "store", "size", "1", says=f"unknown option '{option}'")


def test_config_needs_a_file():
    usage("--config", says="--config needs a file")


def test_config_before_a_verb():
    assert good("--config", "/nowhere", "store", "size", "0") == "8192\n"


def test_help_names_every_verb():
    text = good("--help")
    for verb in VERBS:
        assert re.search(f"(?m)^  cowboot {verb}( |$)", text)
    assert " \n" not in text
    for code in ["0 done", "1 failed", "2 nothing to do", "3 not in this phase", "4 done, reboot",
                 "64 usage"]:
        assert code in text


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb(verb):
    text = good(verb, "--help")
    assert re.match(f"usage: cowboot {verb}[ \n]", text) and " \n" not in text
    assert good(verb, "operand", "--help") == text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("words", [["-h"], ["help"], ["--config", "x", "help"]])
def test_help_asked_otherwise(words):
    assert good(*words) == good("--help")


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_asked_otherwise(verb):
    assert good(verb, "-h") == good("help", verb) == good(verb, "--help")


def test_help_of_no_verb():
    usage("help", "x", says="unknown verb 'x'")


def test_version():
    version = pathlib.Path("VERSION").read_text(encoding="ascii").strip()
    assert good("--version") == f"cowboot {version}\n"


def test_output_that_gets_lost():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == FAILED
    assert done.stderr == b"cowboot: cannot write standard output: No space left on device\n"


@pytest.mark.parametrize("verb", ["bundle", "image", "store"])
def test_verbs_within(verb):
    see = f"cowboot {verb} --help"
    usage(verb, says=f"{verb} needs to know what to do", see=see)
    usage(verb, "x", says=f"{verb} knows no 'x'", see=see)


STORE = "cowboot store --help"
BUNDLE = "cowboot bundle --help"


@pytest.mark.parametrize("words, says", [
    ("create", "store create needs OLD, NEW and -o STORE"),
    ("create a b", "store create needs OLD, NEW and -o STORE"),
    ("create a b c -o d", "store create needs OLD, NEW and -o STORE"),
    ("create a b -o", "-o needs a value"),
    ("create a b -x c", "unknown option '-x'"),
    ("create a b -o c --chunk-sectors 0",
     "--chunk-sectors '0' is no number from 1 to 2097152"),
    ("create a b -o c --chunk-sectors 4194304",
     "--chunk-sectors '4194304' is no number from 1 to 2097152"),
    ("create a b -o c --chunk-sectors=12", "--chunk-sectors 12 is no power of two"),
    ("create a b -o c --chunk-sectors 8k",
     "--chunk-sectors '8k' is no number from 1 to 2097152"),
    ("size", "store size needs one number of chunks"),
    ("size 1 2", "store size needs one number of chunks"),
    ("size x", "the number of chunks 'x' is no number from 0 to 18446744073709551615"),
    ("size -1", "unknown option '-1'"),
    ("size 18446744073709551616",
     "the number of chunks '18446744073709551616' is no number from 0 to 18446744073709551615"),
    ("check a", "store check needs --origin-bytes B and one STORE"),
    ("check --origin-bytes 1", "store check needs --origin-bytes B and one STORE"),
    ("check --origin-bytes 0 a",
     "--origin-bytes '0' is no number from 1 to 9223372036854775807"),
    ("apply a b", "store apply needs OLD, STORE and -o NEW"),
    ("apply a -o c", "store apply needs OLD, STORE and -o NEW"),
])
def test_store_words(words, says):
    usage("store", *words.split(), says=says, see=STORE)


@pytest.mark.parametrize("words, says", [
    ("create", "bundle create needs -o OUT, --version V and NAME=OLD:NEW"),
    ("create -o o s=a:b", "bundle create needs -o OUT, --version V and NAME=OLD:NEW"),
    ("create --version 1 s=a:b", "bundle create needs -o OUT, --version V and NAME=OLD:NEW"),
    ("create --version 1 -o o", "bundle create needs -o OUT, --version V and NAME=OLD:NEW"),
    ("create --version 1 -o o s", "'s' is not NAME=OLD:NEW[:RESULT]"),
    ("create --version 1 -o o s=a", "'s=a' is not NAME=OLD:NEW[:RESULT]"),
    ("create --version 1 -o o s=:b", "'s=:b' is not NAME=OLD:NEW[:RESULT]"),
    ("create --version 1 -o o s=a:", "'s=a:' is not NAME=OLD:NEW[:RESULT]"),
    ("create --version 1 -o o s=a:b:c:d", "'s=a:b:c:d' is not NAME=OLD:NEW[:RESULT]"),
    ("create --version 1 -o o S=a:b", "'S' is no name for a volume: a-z, 0-9, - and _"),
    ("create --version 1 -o o =a:b", "'' is no name for a volume: a-z, 0-9, - and _"),
    ("create --version 1 -o o a/b=a:b", "'a/b' is no name for a volume: a-z, 0-9, - and _"),
    ("create --version #1 -o o s=a:b",
     "--version '#1' is not 1 to 63 printable ASCII characters without blanks"),
    ("create --version= -o o s=a:b",
     "--version '' is not 1 to 63 printable ASCII characters without blanks"),
    ("create --version 1 --from ä -o o s=a:b",
     "--from 'ä' is not 1 to 63 printable ASCII characters without blanks"),
    ("create --version 1 --board " + "b" * 32 + " -o o s=a:b",
     f"--board '{'b' * 32}' is not 1 to 31 printable ASCII characters without blanks"),
    ("create --version 1 --level 0 -o o s=a:b", "--level '0' is no number from 1 to 19"),
    ("create --version 1 --level 20 -o o s=a:b", "--level '20' is no number from 1 to 19"),
    ("create --version 1 --chunk-sectors 3 -o o s=a:b", "--chunk-sectors 3 is no power of two"),
    ("create --version 1 -o o " + " ".join(f"v{i}=a:b" for i in range(9)),
     "a bundle holds at most 8 volumes"),
    *((f"create --version 1 -o o --release {word} s=a:b",
       f"--release '{word}' is not EPOCH.NUMBER, two numbers up to 4294967295")
      for word in ("1", "0.0", "1.01", "1.4294967296", "v1.1")),
    ("create --version 1 -o o --created 2026-11-30 s=a:b", "--created needs --release"),
    ("create --version 1 -o o --expires 2026-11-30 s=a:b", "--expires needs --release"),
    ("create --version 1 -o o --release 1.1 --created 2026-11-31 s=a:b",
     "--created '2026-11-31' is not a day, YYYY-MM-DD"),
    ("create --version 1 -o o --release 1.1 --expires tomorrow s=a:b",
     "--expires 'tomorrow' is not a day, YYYY-MM-DD"),
    ("create --version 1 -o o --release 1.1 --created 2026-12-01 --expires 2026-11-30 s=a:b",
     "--expires 2026-11-30 is before --created 2026-12-01"),
    ("info", "bundle info needs one BUNDLE"),
    ("info a b", "bundle info needs one BUNDLE"),
    ("info --jso a", "unknown option '--jso'"),
    ("verify", "bundle verify needs one BUNDLE"),
    ("verify --json a", "unknown option '--json'"),
])
def test_bundle_words(words, says):
    usage("bundle", *words.split(), says=says, see=BUNDLE)


def test_name_too_long():
    word = "n" * 32 + "=a:b"
    usage("bundle", "create", "--version", "1", "-o", "o", word, says=f"'{word}' is too long",
          see=BUNDLE)


def test_blank_in_a_version():
    usage("bundle", "create", "--version", "1 2", "-o", "o", "s=a:b", see=BUNDLE,
          says="--version '1 2' is not 1 to 63 printable ASCII characters without blanks")


def test_operands_after_two_dashes(tmp_path):
    bad("bundle", "info", "--", "--json", cwd=tmp_path,
        says="cannot read --json: cannot open it: No such file or directory")


@pytest.mark.parametrize("verb", ["status", "mark-good", "mark-bad", "merge", "cancel"])
def test_board_verbs_say_that_this_is_no_board(verb, tmp_path):
    done = run("--config", tmp_path / "none.conf", verb)
    assert done.returncode == FAILED
    line = done.stderr.decode()
    assert line.startswith("cowboot: cannot ") and line.count("\n") == 1
