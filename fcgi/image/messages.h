/* What libgd says during a decode. It has one process-wide error method and tells what went wrong nowhere else. */
#ifndef DIGITD_IMAGE_MESSAGES_H
#define DIGITD_IMAGE_MESSAGES_H

#include <stdarg.h>
#include <stdbool.h>

void messages_begin(void); /* forgets those of the decode before */
void messages_collect(int priority, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));

bool messages_any(void);
/* Whether they say that pixels were made up. libjpeg's other warnings (bytes before a marker, an unknown JFIF revision)
 * concern pictures that are complete. */
bool messages_tell_damage(void);
bool messages_tell_no_memory(void);

#endif
