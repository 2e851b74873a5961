/* SPDX-License-Identifier: MIT */
/* cowboot on the build host: what the board's can, and making bundles and stores besides. */
#include "cli/bundle_verb.h"
#include "cli/cli.h"
#include "host/bundle_create.h"
#include "host/bundle_sign.h"
#include "host/image_verb.h"
#include "host/store_verb.h"

static int host_bundle(int argc, char **argv)
{
	static const struct cli_sub subs[] = {
		{ "create", bundle_create },
		{ "sign", bundle_sign },
		{ "manifest", bundle_manifest_out },
		{ "attach", bundle_attach },
		{ "info", bundle_info },
		{ "verify", bundle_verify },
		{ 0 },
	};

	return cli_sub(subs, argc, argv);
}

int main(int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "bundle", host_bundle,
		  "create -o OUT --version V NAME=OLD:NEW ... | sign | manifest | attach |\n"
		  "         info BUNDLE | verify BUNDLE",
		  "Make and look at bundles, the files that updates travel in.\n"
		  "  create -o OUT --version V [--from V0] [--release E.N [--created DAY] [--expires DAY]]\n"
		  "         [--board B] [--chunk-sectors C] [--level L] [--boot IMAGE] [--key SECRET ...]\n"
		  "         [--other-kind] [--loader-files] [--delta] NAME=OLD:NEW[:RESULT] ...\n"
		  "         | --full NAME=NEW ...\n"
		  "                             write what turns each volume's OLD image into NEW; IMAGE is\n"
		  "                             the other boot slot's: kernel, initramfs, device trees;\n"
		  "                             OLD and NEW are file systems of one kind unless told;\n"
		  "                             --delta: told by OLD, where that is smaller; --full: NEW\n"
		  "                             whole, over any system; a board takes what differs there;\n"
		  "                             with RESULT free blocks of an ext4 are left out: that is\n"
		  "                             written, NEW but for these, and what the bundle leads to;\n"
		  "                             SECRET is a secret key of minisign(1) that signs it;\n"
		  "                             boards take no release below one they have confirmed\n"
		  "  sign --key SECRET ... -o OUT BUNDLE\n"
		  "                             add signatures\n"
		  "  manifest -o OUT BUNDLE     write what minisign -S has to sign\n"
		  "  attach [--key PUB ...] -o OUT BUNDLE SIGNATURE ...\n"
		  "                             add signatures that were made apart; with keys, check them\n"
		  BUNDLE_HELP_LOOK
		  "- as OUT or BUNDLE is standard output or input. create exits 2 when nothing differs." },
		{ "image", host_image,
		  "update OLD TREE -o NEW",
		  "Make the image of a new system out of that of the old one.\n"
		  "  update [--fuse] OLD TREE -o NEW\n"
		  "                             write OLD, with TREE's files instead of its own; those that did\n"
		  "                             not change keep their blocks, so that a bundle is small;\n"
		  "                             by fuse2fs where root does not run it, or --fuse says so" },
		{ "store", host_store,
		  "create OLD NEW -o STORE | size N | check STORE | apply OLD STORE -o NEW",
		  "Write, measure, check and merge stores, in the kernel's own format, without a kernel.\n"
		  "  create [--chunk-sectors C] OLD NEW -o STORE\n"
		  "  size [--chunk-sectors C] N                    bytes of a store for N chunks\n"
		  "  check [--json] --origin-bytes B STORE         exits 1, says which exception is bad\n"
		  "  apply OLD STORE -o NEW                        write what a merge would leave\n"
		  "- as the output is standard output; check reads standard input for -." },
		{ 0 },
	};

	return cli_run(argc, argv, verbs);
}
