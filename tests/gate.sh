#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/gate.sh [PROPERTY...]
#
# What must hold of the tree and of what was built from it: one small function per property, a line for
# each, and what is wrong below it. All of them without an argument. Run it after `make`.
#
# A property prints what is wrong and fails; or prints why it cannot tell, and returns 77.
set -u
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8

properties='rooms headers lengths spdx names shell decide heap static verbs keys parameters
	manuals sizes untracked repro'

# ---- What the properties share ---------------------------------------------------------------

in_git() {
	git rev-parse --is-inside-work-tree >/dev/null 2>&1
}

# The files of the tree, without what was built.
files() {
	if in_git; then
		git ls-files --cached --others --exclude-standard | while read -r file; do
			[ ! -f "$file" ] || printf '%s\n' "$file"
		done
	else
		find . -path ./build -prune -o -type f -print | sed 's,^\./,,'
	fi
}

# Those that are programs' text, whatever their names.
sources() {
	files | while read -r file; do
		case $file in
		*.c | *.h | *.py | *.sh | Makefile) printf '%s\n' "$file" ;;
		*) [ "$(head -c 2 "$file")" != '#!' ] || printf '%s\n' "$file" ;;
		esac
	done
}

shell_scripts() {
	sources | while read -r file; do
		head -n 1 "$file" | grep -Eq '^#!/bin/(sh|bash)|^#!.*env (sh|bash)' && printf '%s\n' "$file"
	done
}

# Fails with what is on standard input below a line that says what it is.
none() {
	found=$(cat)
	[ -z "$found" ] && return 0
	printf '%s:\n%s\n' "$1" "$found"
	return 1
}

# PROGRAM must be there, or the property cannot tell.
needs() {
	command -v "$1" >/dev/null && return 0
	echo "$1 is not installed"
	return 77
}

built() {
	for file; do
		[ -e "$file" ] || { echo "$file is not built"; return 1; }
	done
}

# What an object needs from elsewhere, of whatever machine it is.
undefined() {
	readelf -Ws "$1" | awk '$7 == "UND" && $8 != "" { print $8 }'
}

manual() {
	[ -f "docs/man/$1" ] || { echo "docs/man/$1 is missing"; return 1; }
	mandoc -T utf8 "docs/man/$1" | col -bx
}

# ---- The properties --------------------------------------------------------------------------

# A room includes only what stands left of it: design section 2.
rooms() {
	files | grep '^src/.*\.[ch]$' | xargs awk '
		BEGIN {
			may["base"] = "base"
			may["storage"] = "base storage"
			may["state"] = "base storage state"
			may["conf"] = "base conf"
			may["cow"] = "base cow"
			may["decide"] = "decide"
			may["map"] = "base map"
			may["handoff"] = "base map handoff"
			may["bundle"] = "base cow bundle"
			may["update"] = "base storage state conf cow decide map update"
			all = may["update"] " handoff bundle"
			may["init"] = all " init"
			may["recovery"] = may["update"] " recovery"
			may["cli"] = all " recovery cli"
		}
		/^[ \t]*#[ \t]*include[ \t]*"/ {
			split(FILENAME, from, "/")
			split($0, quoted, "\"")
			split(quoted[2], to, "/")
			if (!(from[2] in may))
				print FILENAME ": room " from[2] " is not known"
			else if (index(" " may[from[2]] " ", " " to[1] " ") == 0)
				print FILENAME ":" FNR ": " quoted[2]
		}
		/^[ \t]*#[ \t]*include[ \t]*</ && FILENAME ~ /^src\/decide\// {
			if ($0 !~ /<std(bool|def)\.h>/)
				print FILENAME ":" FNR ": " $0
		}' | none 'these files include what does not stand left of them'
}

# Each header can be read by itself.
headers() {
	needs gcc || return
	files | grep '^src/.*\.h$' | while read -r header; do
		printf '#include "%s"\n' "${header#src/}" |
			gcc -std=gnu11 -Wall -Wextra -fsyntax-only -Isrc -x c - 2>&1 || echo "$header"
	done | none 'these headers need others before them'
}

# 300 lines are long, 500 too many. Long ones are named, and no more.
lengths() {
	files | grep '^src/.*\.[ch]$' | xargs awk '
		FNR > 300 { long[FILENAME] = FNR }
		END {
			for (name in long) {
				print name ": " long[name] " lines"
				if (long[name] > 500)
					bad = 1
			}
			exit bad
		}'
}

spdx() {
	sources | while read -r file; do
		head -n 5 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file"
	done | none 'these files do not name their licence'
}

# Mirrors are the machine's, and nobody else has this machine's folders.
names() {
	mirrors=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
		sed -n 's,^[^#]*://\([^/ :]*\).*,\1,p' | sort -u)
	{
		echo '(deb|ftp|http|security|snapshot|archive|ports)[.](debian|ubuntu)[.](org|net|com)'
		echo '(pypi|pythonhosted|golang)[.]org|npmjs[.]com|(crates|docker|ghcr)[.]io'
		echo '(^|[^[:alnum:]/._${}-])/(root|home|work|Users)/[[:alnum:]]'
		for name in $mirrors "$(pwd)"; do
			printf '%s\n' "$name" | sed 's/[.]/[.]/g'
		done
	} > build/gate.names
	files | xargs grep -nIEf build/gate.names -- | none 'these lines name a registry or a path of one machine'
}

shell() {
	shell_scripts | while read -r file; do
		case $(head -n 1 "$file") in
		*bash*) bash -n "$file" 2>&1 ;;
		*) sh -n "$file" 2>&1 ;;
		esac
	done | none 'these scripts do not parse' || return
	needs shellcheck || return
	shell_scripts | xargs shellcheck -S warning
}

# decide() is pure: it can reach nothing. The compiler may copy a struct.
decide() {
	set -- build/arm64/obj/decide/*.o build/host/obj/decide/*.o
	built "$@" || return
	for object; do
		undefined "$object" | grep -Ev '^mem(cpy|set|move|cmp)$' | sed "s,^,$object needs ,"
	done | none 'decide is not pure'
}

# Whatever runs in the first process has its memory before it starts. (Of our own objects: libdevmapper
# has its pools, and cow/ is used by init for checking only.)
heap() {
	set --
	for room in base storage state conf decide map update handoff init; do
		set -- "$@" "build/arm64/obj/$room"/*.o
	done
	built "$@" || return
	for object; do
		undefined "$object" | grep -Ex '(m|c|re)alloc|free|strn?dup|v?asprintf|getline' |
			sed "s,^,$object needs ,"
	done | none 'the first process uses the heap'
}

static() {
	set -- build/arm64/init build/arm64/cowboot build/arm64/toybox
	built "$@" || return
	for program; do
		readelf -hW "$program" | grep -q 'Machine:.*AArch64' || echo "$program is not for arm64"
		readelf -lW "$program" | grep -q INTERP && echo "$program asks for a dynamic linker"
		readelf -dW "$program" | grep -q NEEDED && echo "$program needs shared libraries"
	done | none 'these programs are not static'
}

# `cowboot --help` and the manual page name the same verbs.
verbs() {
	needs mandoc || return
	built build/host/cowboot || return
	page=$(manual cowboot.8) || { echo "$page"; return 1; }
	build/host/cowboot --help | sed -n 's/^  cowboot \([a-z][a-z-]*\).*/\1/p' | sort -u > build/gate.help
	[ -s build/gate.help ] || { echo 'cowboot --help names no verb'; return 1; }
	printf '%s\n' "$page" | awk '/^[^ ]/ { on = /^SYNOPSIS/ } on' |
		sed -n 's/\[[^]]*\]//g; s/^ *cowboot *\([a-z][a-z-]*\).*/\1/p' | sort -u > build/gate.page
	diff build/gate.help build/gate.page | sed -n 's/^</only in --help:/p; s/^>/only in cowboot(8):/p' |
		none 'cowboot --help and cowboot(8) differ'
}

# Every word of a table in a source file begins an entry or stands in the text of a manual page.
words_in_manual() {
	page=$(manual "$2") || { echo "$page"; return 1; }
	sed -n 's/^\t{ "\([a-z.-]*\)", take_.*/\1/p' "$1" > build/gate.words
	[ -s build/gate.words ] || { echo "$1 has no table of words"; return 1; }
	while read -r word; do
		printf '%s\n' "$page" | grep -Eq "(^|[^[:alnum:]_.-])$word([^[:alnum:]_-]|\$)" || echo "$word"
	done < build/gate.words | none "docs/man/$2 does not explain"
}

keys() {
	needs mandoc || return
	words_in_manual src/conf/parse.c cowboot.conf.5
}

parameters() {
	needs mandoc || return
	words_in_manual src/conf/cmdline.c cowboot-init.8
}

manuals() {
	needs mandoc || return
	set -- docs/man/*.[1-8]
	[ -f "$1" ] || { echo 'there is none in docs/man'; return 1; }
	mandoc -T lint -W warning "$@"
}

sizes() {
	make -s --no-print-directory sizes
}

# A build leaves nothing beside build/, and nothing was forgotten.
untracked() {
	in_git || { echo 'not a git checkout'; return 77; }
	git status --porcelain --untracked-files | sed -n 's/^?? //p' | none 'git does not know these files'
}

repro() {
	make -s --no-print-directory repro > build/gate.repro 2>&1 || { tail -n 40 build/gate.repro; return 1; }
	grep '^  SAME' build/gate.repro
}

# ---- The runner ------------------------------------------------------------------------------

mkdir -p build
failed=0
# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- $properties
for property; do
	printf '%s\n' "$properties" | grep -Fqw -e "$property" || {
		echo "cowboot: cannot check $property: no such property" >&2
		exit 64
	}
	said=$("$property" 2>&1)
	case $? in
	0) verdict='ok  ' ;;
	77) verdict='skip' ;;
	*) verdict=FAIL; failed=1 ;;
	esac
	printf '  %s    %s\n' "$verdict" "$property"
	[ -z "$said" ] || printf '%s\n' "$said" | sed 's/^/            /'
done
rm -f build/gate.*
exit $failed
