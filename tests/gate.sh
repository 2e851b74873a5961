#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: tests/gate.sh [PROPERTY...]
#
# What must hold of the tree and of what was built from it: one small function per property, a line for
# each, and what is wrong below it. All of them without an argument. Run it after `make`.
#
# A property prints what is wrong and fails; or prints why it cannot tell, and returns 77.
set -u
case ${1-} in -h | --help) awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; exit ;; esac
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8

properties='rooms headers lengths lines links spdx names shell decide seam heap compressor static verbs keys parameters
	manuals mutants sizes untracked repro'

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
			may["loader"] = "base storage loader"
			may["conf"] = "base conf"
			may["cow"] = "base cow"
			may["decide"] = "base decide"
			may["map"] = "base map"
			may["handoff"] = "base map handoff"
			may["bundle"] = "base cow bundle"
			may["update"] = "base storage state loader conf cow decide map bundle update"
			may["recovery"] = may["update"] " recovery"
			all = may["recovery"] " handoff"
			may["init"] = all " init"
			may["cli"] = all " cli"
			may["host"] = may["cli"] " host"
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

# No source file is over 300 lines, and half of them are under 120.
lengths() {
	files | grep '^src/.*\.[ch]$' | xargs awk '
		FNR == 1 { files++ }
		{ lines[FILENAME] = FNR }
		END {
			for (name in lines) {
				if (lines[name] > 300) {
					print name ": " lines[name] " lines"
					bad = 1
				}
				short += lines[name] < 120
			}
			if (short * 2 <= files) {
				print "only " short " of " files " source files are under 120 lines"
				bad = 1
			}
			exit bad
		}'
}

# No line of a document is over 120 characters, tables and examples included.
lines() {
	files | grep -E '\.(md|[1-8])$|(^|/)README[^/]*$' | xargs grep -HnE '.{121}' -- | cut -c 1-160 |
		none 'these lines of documents are over 120 characters'
}

# What a document links to within the tree is there.
links() {
	files | grep '\.md$' | while read -r file; do
		grep -o ']([^)#: ]*)' "$file" | tr -d '])(' | while read -r link; do
			[ -e "$(dirname "$file")/$link" ] || echo "$file: $link"
		done
	done | none 'these links of documents lead nowhere'
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

# What reaches outside does so in these files (ARCHITECTURE.md, "The seam"), and in host/, which no board
# has. What an object of any other file needs of libc works on memory and text, or prints.
seam_files='base/(sys|sys_file|sys_mount|sys_process|child|confine) storage/.* handoff/.* map/task(_look)? loader/espfile
	recovery/(consoles|terminal) cli/scratch'
seam_quiet='mem(cpy|set|move|cmp|chr|rchr|mem) (str|ato)[a-z]+ v?s(n?printf|scanf) __errno_location qsort gmtime_r dirname
	v?f?printf puts fputs putchar fputc fflush ferror stdout stderr environ abort
	(m|c|re)alloc free getopt_long opt(arg|ind|err|opt) __[a-z0-9]*_chk ZSTD_.* crypto_.* sodium_init sodium_base642bin'
seam() {
	set --
	for source in $(files | sed -n 's,^src/\(.*\)\.c$,\1,p' | grep -v ^host/); do
		set -- "$@" "build/arm64/obj/$source.o"
	done
	built "$@" || return
	quiet=$(printf '%s' "$seam_quiet" | tr -s ' \n\t' '|')
	here=$(printf '%s' "$seam_files" | tr -s ' \n\t' '|')
	readelf -Ws "$@" | awk '
		/^File: / { sub(/^build\/arm64\/obj\//, "", $2); object = $2 }
		$5 != "GLOBAL" && $5 != "WEAK" { next }
		$7 == "UND" { needs[object " needs " $8] = $8; next }
		{ ours[$8] }
		END { for (need in needs) if (!(needs[need] in ours)) print need }' |
		grep -Ev " needs ($quiet)\$" | grep -Ev "^($here)[.]o" | sort |
		none 'these reach outside past the seam'
}

# Whatever runs in the first process has its memory before it starts. (Of our own objects: libdevmapper
# has its pools, and cow/ is used by init for checking only.)
heap() {
	set --
	for room in base storage state loader conf decide map update recovery handoff init; do
		set -- "$@" "build/arm64/obj/$room"/*.o
	done
	built "$@" || return
	for object; do
		undefined "$object" | grep -Ex '(m|c|re)alloc|free|strn?dup|v?asprintf|getline' |
			sed "s,^,$object needs ,"
	done | none 'the first process uses the heap'
}

# Making bundles is the build host's: no room of the board's program needs what packs.
compressor() {
	files | sed -n 's,^src/\(.*\)\.c$,\1,p' | grep -v '^host/' | while read -r source; do
		object=build/arm64/obj/$source.o
		built "$object" || continue
		undefined "$object" | grep -E '^ZSTD_(CCtx|CStream|compress|createC|freeC)' | sed "s,^,$object needs ,"
	done | none "the board's program packs"
}

static() {
	set -- build/arm64/init build/arm64/cowboot build/arm64/toybox
	built "$@" || return
	elf=$(configs/arch elf arm64)
	for program; do
		readelf -hW "$program" | grep -q "Machine:.*$elf" || echo "$program is not for arm64"
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
	words_in_manual src/conf/keys.c cowboot.conf.5
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

# A mutant that changes nothing any more would be found in the hours of make check-mutants only.
mutants() {
	grep -v '^#' tests/mutants/list | while IFS='|' read -r name _ file script; do
		file=src/$(echo $file)
		[ -n "$script" ] || continue
		if [ ! -f "$file" ]; then
			echo "$name: there is no $file"
		elif sed "${script# }" "$file" 2>&1 | cmp -s - "$file"; then
			echo "$name: changes nothing in $file"
		fi
	done | none 'mutants that do not apply'
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
