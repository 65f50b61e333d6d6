/* The listening Unix sockets.
 *
 * Every failure has one line in why. An existing file that is not a socket is never removed. */
#ifndef DIGITD_MAIN_SOCKET_H
#define DIGITD_MAIN_SOCKET_H

#include "base/err.h"

enum { SOCKET_PATH_MAX = 107 }; /* bytes of sockaddr_un.sun_path, without the NUL */

/* Binds path with exactly this mode and listens; *fd is non-blocking and close-on-exec. An existing socket is replaced
 * only if nobody answers on it. ERR_BUSY: somebody does; ERR_EXISTS: path is another kind of file; ERR_LIMIT: path is
 * too long; ERR_IO. */
enum err socket_listen(const char *path, int mode, int backlog, int *fd, struct why *why);

#endif
