/* SPDX-License-Identifier: MIT */
/* Secret keys.  Never leaves one, or a password, in memory that is given back. */
#include "host/secret.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/sys.h"

#define FILE_BYTES_MAX 2048
#define PASSWORD_MAX 1024
#define SALT_BYTES crypto_pwhash_scryptsalsa208sha256_SALTBYTES
#define SUM_BYTES 32u

/* The second line, from base64. */
#define AT_SIGNING 0u		/* "Ed" */
#define AT_HIDING 2u		/* "Sc", or zeros: no password */
#define AT_SUMMING 4u		/* "B2" */
#define AT_SALT 6u
#define AT_OPS 38u		/* le64 each: scrypt's limits */
#define AT_MEMORY 46u
#define AT_HIDDEN 54u		/* id, secret key, sum; with a password xor scrypt's bytes */
#define AT_KEY (AT_HIDDEN + MINISIGN_ID_BYTES)
#define AT_SUM (AT_KEY + SECRET_KEY_BYTES)
#define ALL_BYTES (AT_SUM + SUM_BYTES)

/* A line as it is, blanks included; what follows it stays for whoever reads next. */
static size_t read_line(char *buf, size_t size_bytes)
{
	size_t len = 0;

	while (read(STDIN_FILENO, buf + len, 1) == 1 && buf[len] != '\n' && len + 1 < size_bytes)
		len++;
	buf[len] = '\0';
	return len;
}

/* Nothing of it goes to standard output, which may be the bundle. */
static int ask_password(const char *path, char password[PASSWORD_MAX])
{
	struct termios old, quiet;
	const bool is_terminal = tcgetattr(STDIN_FILENO, &old) == 0;
	size_t len;

	if (is_terminal) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);	/* else it is seen, and works */
		fprintf(stderr, "password of %s: ", path);
	}
	len = read_line(password, PASSWORD_MAX);
	if (is_terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &old);
		fputc('\n', stderr);
	}
	return len ? 0 : fail(EINVAL, "there is no password");
}

/* Takes the password's bytes off again. */
static int uncover(const char *path, uint8_t bytes[ALL_BYTES])
{
	static uint8_t cover[ALL_BYTES - AT_HIDDEN];
	static char password[PASSWORD_MAX];
	int rc = ask_password(path, password);

	if (!rc && crypto_pwhash_scryptsalsa208sha256(cover, sizeof(cover), password, strlen(password),
						      bytes + AT_SALT, get_le64(bytes + AT_OPS),
						      (size_t)get_le64(bytes + AT_MEMORY)))
		rc = fail(ENOMEM, "its password cannot be tried: there is not enough memory");
	for (size_t i = 0; i < sizeof(cover); i++)
		bytes[AT_HIDDEN + i] ^= cover[i];
	sodium_memzero(cover, sizeof(cover));
	sodium_memzero(password, sizeof(password));
	return rc;
}

/* Only with a password is there a sum: of the signing kind, the id and the key. */
static bool sum_is_right(const uint8_t bytes[ALL_BYTES])
{
	crypto_generichash_state state;
	uint8_t sum[SUM_BYTES];

	return !crypto_generichash_init(&state, NULL, 0, sizeof(sum)) &&
	       !crypto_generichash_update(&state, bytes + AT_SIGNING, 2) &&
	       !crypto_generichash_update(&state, bytes + AT_HIDDEN, AT_SUM - AT_HIDDEN) &&
	       !crypto_generichash_final(&state, sum, sizeof(sum)) &&
	       !memcmp(sum, bytes + AT_SUM, sizeof(sum));
}

static int decode(const char *path, uint8_t bytes[ALL_BYTES], struct secret *secret)
{
	int rc;

	if (memcmp(bytes + AT_SIGNING, "Ed", 2) || memcmp(bytes + AT_SUMMING, "B2", 2))
		return fail(ENOTSUP, "it is of a kind that is not known");
	if (!memcmp(bytes + AT_HIDING, "Sc", 2)) {
		rc = uncover(path, bytes);
		if (rc)
			return rc;
		if (!sum_is_right(bytes))
			return fail(EACCES, "the password is wrong");
	} else if (memcmp(bytes + AT_HIDING, "\0\0", 2)) {
		return fail(ENOTSUP, "its password is of a kind that is not known");
	}
	memcpy(secret->id, bytes + AT_HIDDEN, sizeof(secret->id));
	memcpy(secret->key, bytes + AT_KEY, sizeof(secret->key));
	return 0;
}

static int load(const char *path, char text[FILE_BYTES_MAX], uint8_t bytes[ALL_BYTES],
		struct secret *secret)
{
	const char *line, *stopped;
	size_t len, got;
	int rc = sys_read_file(path, text, FILE_BYTES_MAX, &len);

	if (rc && rc != -EFBIG)
		return fail_sys(-rc, "it cannot be read");
	line = strchr(text, '\n');
	if (rc || strncmp(text, "untrusted comment: ", 19) || !line++)
		return fail(EBADMSG, "it is no secret key of minisign");
	if (sodium_base642bin(bytes, ALL_BYTES, line, strcspn(line, "\n"), NULL, &got, &stopped,
			      sodium_base64_VARIANT_ORIGINAL) || got != ALL_BYTES)
		return fail(EBADMSG, "it is no secret key of minisign");
	return decode(path, bytes, secret);
}

int secret_load(const char *path, struct secret *ret_secret)
{
	static char text[FILE_BYTES_MAX];
	static uint8_t bytes[ALL_BYTES];
	int rc;

	memset(ret_secret, 0, sizeof(*ret_secret));
	rc = sodium_init() < 0 ? fail(EIO, "libsodium does not start") : load(path, text, bytes, ret_secret);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(bytes, sizeof(bytes));
	return rc ? fail_in(rc, "cannot sign with %s", path) : 0;
}

void secret_wipe(struct secret *secret)
{
	sodium_memzero(secret, sizeof(*secret));
}

static int sign(const struct secret *secret, const void *data, size_t len_bytes,
		uint8_t ret_sig[MINISIGN_SIG_BYTES])
{
	return crypto_sign_ed25519_detached(ret_sig, NULL, data, len_bytes, secret->key) ?
	       fail(EIO, "cannot sign it") : 0;
}

int secret_sign(const struct secret *secret, const uint8_t hash[MINISIGN_HASH_BYTES],
		const char *comment, char buf[SECRET_SIGNATURE_MAX])
{
	uint8_t line[2 + MINISIGN_ID_BYTES + MINISIGN_SIG_BYTES], global[MINISIGN_SIG_BYTES];
	uint8_t told[MINISIGN_SIG_BYTES + MINISIGN_COMMENT_MAX];
	char first[sodium_base64_ENCODED_LEN(sizeof(line), sodium_base64_VARIANT_ORIGINAL)];
	char second[sodium_base64_ENCODED_LEN(sizeof(global), sodium_base64_VARIANT_ORIGINAL)];
	uint8_t *sig = line + 2 + MINISIGN_ID_BYTES;
	size_t comment_bytes = strlen(comment);
	int rc;

	if (comment_bytes >= MINISIGN_COMMENT_MAX || strpbrk(comment, "\r\n"))
		return fail(EINVAL, "'%s' is no trusted comment", comment);
	memcpy(line, "ED", 2);
	memcpy(line + 2, secret->id, MINISIGN_ID_BYTES);
	rc = sign(secret, hash, MINISIGN_HASH_BYTES, sig);
	memcpy(told, sig, MINISIGN_SIG_BYTES);
	memcpy(told + MINISIGN_SIG_BYTES, comment, comment_bytes);
	if (!rc)
		rc = sign(secret, told, MINISIGN_SIG_BYTES + comment_bytes, global);
	if (rc)
		return rc;
	sodium_bin2base64(first, sizeof(first), line, sizeof(line), sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(second, sizeof(second), global, sizeof(global),
			  sodium_base64_VARIANT_ORIGINAL);
	snprintf(buf, SECRET_SIGNATURE_MAX, "untrusted comment: signature by cowboot\n%s\n"
		 "trusted comment: %s\n%s\n", first, comment, second);
	return 0;
}
