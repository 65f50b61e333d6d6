/* Addresses of clients, as nginx writes them in REMOTE_ADDR. */
#ifndef DIGITD_BASE_ADDRESS_H
#define DIGITD_BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { ADDRESS_BYTES = 16, ADDRESS_IPV4_AT = 12 };

/* As an IPv6 address, in network order; an IPv4 one is mapped (::ffff:0:0/96, RFC 4291, 2.5.5.2). false: it is none. */
bool address_read(const char *text, uint8_t bytes[ADDRESS_BYTES]);

/* Whether it is an IPv4 address, whose four bytes stand at ADDRESS_IPV4_AT. */
bool address_is_ipv4(const uint8_t bytes[ADDRESS_BYTES]);

#endif
