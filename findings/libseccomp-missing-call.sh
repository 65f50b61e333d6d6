#!/usr/bin/env bash
# libseccomp 2.5.4 (Debian 12): seccomp_rule_add() for a system call that the architecture does not have returns 0. The call's name
# exists in every build (a negative pseudo number, such as mmap on 32-bit ARM, which has mmap2 alone, or open on 64-bit ARM, which has
# openat alone), and the rule goes into the filter with that number, which no program can ever use: an allow-list that "worked" allows
# nothing there. A filter tested on x86-64 so kills malloc on ARM, with every return code 0. seccomp_rule_add_exact() says it: -EDOM.
# Seen: the text of the filter for arm holds `syscall "mmap" (4294957115)`; the exact form answers -33 and leaves the filter empty.
set -euo pipefail
version=2.5.4-1+deb12u1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q -o APT::Sandbox::User=root "libseccomp2=$version" "libseccomp-dev=$version" >/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
lib=$(dirname "$(find root -name 'libseccomp.so.2')")

cat >missing.c <<'C'
#include <stdio.h>
#include <unistd.h>

#include <seccomp.h>

static void try(uint32_t arch, const char *name, int call, int exact)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc;

    seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
    seccomp_arch_add(filter, arch);
    rc = (exact ? seccomp_rule_add_exact : seccomp_rule_add)(filter, SCMP_ACT_ALLOW, call, 0);
    printf("%s %s: %d\n", exact ? "exact" : "plain", name, rc);
    fflush(stdout);
    seccomp_export_pfc(filter, STDOUT_FILENO);
    seccomp_release(filter);
}

int main(void)
{
    for (int exact = 0; exact < 2; exact++) {
        try(SCMP_ARCH_ARM, "arm mmap", SCMP_SYS(mmap), exact);
        try(SCMP_ARCH_ARM, "arm mmap2", SCMP_SYS(mmap2), exact);
        try(SCMP_ARCH_AARCH64, "aarch64 open", SCMP_SYS(open), exact);
    }
    return 0;
}
C
gcc -I root/usr/include missing.c -L "$lib" -l:libseccomp.so.2 -Wl,-rpath,"$PWD/$lib" -o missing
./missing | grep -E '^(plain|exact)|filter for syscall' | tee seen
diff - seen <<'SEEN'
plain arm mmap: 0
  # filter for syscall "mmap" (4294957115) [priority: 65535]
plain arm mmap2: 0
  # filter for syscall "mmap2" (192) [priority: 65535]
plain aarch64 open: 0
  # filter for syscall "open" (4294957130) [priority: 65535]
exact arm mmap: -33
exact arm mmap2: 0
  # filter for syscall "mmap2" (192) [priority: 65535]
exact aarch64 open: -33
SEEN
echo 'as found: a rule for a call that the architecture lacks is accepted, and can never match'
