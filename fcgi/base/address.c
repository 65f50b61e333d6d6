#include "address.h"

#include <arpa/inet.h>

#include <string.h>

static const uint8_t mapped[ADDRESS_IPV4_AT] = {[10] = 0xff, [11] = 0xff};

bool address_read(const char *text, uint8_t bytes[ADDRESS_BYTES])
{
    memcpy(bytes, mapped, sizeof(mapped));
    return inet_pton(AF_INET, text, bytes + ADDRESS_IPV4_AT) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

bool address_is_ipv4(const uint8_t bytes[ADDRESS_BYTES])
{
    return memcmp(bytes, mapped, sizeof(mapped)) == 0;
}
