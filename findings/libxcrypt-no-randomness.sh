#!/usr/bin/env bash
# libxcrypt 4.4.33 on glibc 2.36 (Debian 12): crypt_gensalt_rn() that is to choose the salt itself (rbytes NULL) promises NULL with errno
# EIO where the operating system has no random bytes to give. There it calls glibc's arc4random_buf(), which cannot fail: it ends the
# process with SIGABRT instead. So code that handles the NULL never runs, and a sandbox that forbids getrandom and opening
# /dev/urandom turns the first new password into a dead server process. Who fetches the bytes himself and passes them as rbytes gets an
# error to handle, and the same setting.
# Seen: with getrandom and openat refused by seccomp the call with NULL ends by signal 6; with 16 bytes of the caller's it gives "$y$".
set -euo pipefail
version=1:4.4.33-2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q -o APT::Sandbox::User=root "libcrypt1=$version" "libcrypt-dev=$version" >/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
lib=$(dirname "$(find root -name 'libcrypt.so.1')")

cat >salt.c <<'C'
#include <crypt.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static void refuse(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
    const struct rlimit none = {0, 0};
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *bytes = argc > 1 ? "sixteen bytes of" : NULL;

    (void)argv;
    setrlimit(RLIMIT_CORE, &none);
    refuse();
    puts(crypt_gensalt_rn("$y$", 5, bytes, bytes ? 16 : 0, setting, sizeof(setting)) ? setting : "NULL");
    return 0;
}
C
gcc -o salt salt.c -I root/usr/include -L "$lib" -l:libcrypt.so.1
run() { LD_LIBRARY_PATH=$lib ./salt "$@"; }
own=$(run own)
status=0
(run) >chosen 2>/dev/null || status=$?
echo "bytes of the caller's: $own; bytes of its own: status $status, $(wc -c <chosen) bytes of output"
# shellcheck disable=SC2016 # the text of a setting
[[ $own == '$y$'* && $status == 134 && ! -s chosen ]] || { echo 'this has changed'; exit 1; }
