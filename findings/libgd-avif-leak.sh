#!/usr/bin/env bash
# libgd 2.3.3 (Debian 12): gdImageCreateFromAvifPtr() never frees what it reads. Its reader gives libavif a fresh allocation for every read
# and says that it is not persistent; libavif copies what it needs and leaves the buffer to the reader, which forgets it. So each good
# decode loses the size of the file, although gdImageDestroy() is called and the other formats lose nothing: a process that lives on
# (a worker, a sandboxed decoder with a limit on its memory) fails after some hundred photos, at a picture that has nothing to do with it.
# Seen: 1,000 decodes of an AVIF of 311 bytes leave over 311,000 bytes in use; 1,000 of the same picture as PNG leave none.
# libavif itself, with avifDecoderSetIOMemory(), loses nothing.
set -euo pipefail
version=2.3.3-9+deb12u1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q -o APT::Sandbox::User=root "libgd3=$version" "libgd-dev=$version" >/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
lib=$(dirname "$(find root -name 'libgd.so.3')")

base64 -d >picture.avif <<'AVIF'
AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAA
AGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAAB0AAAAoaWluZgAAAAAAAQAAABppbmZl
AgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAABAAAAAQAAAAEHBpeGkAAAAAAwgICAAAAAxh
djFDgQAMAAAAABNjb2xybmNseAABAA0AAYAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAACVtZGF0EgAKCRgM//kgIaAwgDIOGwAA
AEAAMZ64KquYf4A=
AVIF

cat >leak.c <<'C'
#include <malloc.h>
#include <stdio.h>

#include <gd.h>

static size_t lost(gdImagePtr (*read)(int, void *), int n, void *bytes)
{
    size_t before = 0;

    for (int i = 0; i < 1010; i++) {
        gdImagePtr im = read(n, bytes);

        if (im == NULL || gdImageSX(im) != 16)
            return 0;
        gdImageDestroy(im);
        if (i == 9) /* what is made once is made by now */
            before = mallinfo2().uordblks;
    }
    return mallinfo2().uordblks - before;
}

int main(void)
{
    static char avif[4096];
    FILE *f = fopen("picture.avif", "rb");
    const int avif_n = (int)fread(avif, 1, sizeof(avif), f);
    gdImagePtr im = gdImageCreateFromAvifPtr(avif_n, avif);
    int png_n;
    void *png = gdImagePngPtr(im, &png_n);

    printf("avif %d bytes: %s\n", avif_n, lost(gdImageCreateFromAvifPtr, avif_n, avif) > (size_t)avif_n * 1000 ? "lost" : "freed");
    printf("png: %s\n", lost(gdImageCreateFromPngPtr, png_n, png) < 1000 ? "freed" : "lost");
    return 0;
}
C
gcc -I root/usr/include leak.c -L "$lib" -l:libgd.so.3 -Wl,-rpath,"$PWD/$lib" -o leak
./leak | tee seen
diff - seen <<'SEEN'
avif 311 bytes: lost
png: freed
SEEN
echo 'as found: every AVIF that libgd decodes leaves its bytes behind'
