/* The listening Unix sockets.
 *
 * Each failure is one line in why. Nothing here trusts a name that is already there: a file that is no socket stays. */
#ifndef DIGITD_MAIN_SOCKET_H
#define DIGITD_MAIN_SOCKET_H

#include "base/err.h"

enum { SOCKET_PATH_MAX = 107 }; /* bytes of sockaddr_un.sun_path, less the NUL */

/* Binds path with exactly this mode and listens; *fd is non-blocking and close-on-exec. A socket that is there is
 * replaced only if nobody answers on it. ERR_BUSY: somebody does; ERR_EXISTS: a file of another kind is there;
 * ERR_LIMIT: path is too long; ERR_IO. */
enum err socket_listen(const char *path, int mode, int backlog, int *fd, struct why *why);

#endif
