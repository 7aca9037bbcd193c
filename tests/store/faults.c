/* Makes the Nth change that this process asks of the file system below one folder fail.
 *
 * Loaded with LD_PRELOAD, armed by fault_arm. Sees what goes through libc (Python, SQLite and
 * every extension here do), not what is written through a memory map. A full disk stays full from
 * then on, for whatever needs space; an I/O error comes once; a kill is SIGKILL, before the call.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { SPACE = 1, OTHER = 2 };

static char root[PATH_MAX];
static long at, seen;
static int error; /* 0 kills */
static volatile int fired;

void fault_arm(const char *folder, long number, int code) {
    strncpy(root, folder, sizeof root - 1);
    seen = fired = 0;
    error = code;
    at = number;
}

int fault_fired(void) { return fired; }

static int below(int folder, const char *path) {
    char link[64], name[PATH_MAX];
    if (path != NULL && path[0] == '/') return strncmp(path, root, strlen(root)) == 0;
    if (folder == AT_FDCWD) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t size = readlink(link, name, sizeof name - 1);
    if (size < 0) return 0;
    name[size] = 0;
    return strncmp(name, root, strlen(root)) == 0;
}

/* Whether this change fails now. */
static int fails(int folder, const char *path, int kind) {
    int before = errno;
    if (at == 0 || !below(folder, path)) { errno = before; return 0; }
    errno = before;
    if (error == ENOSPC && kind != SPACE) return 0;
    if (error == ENOSPC && fired) { errno = error; return 1; }
    if (__sync_add_and_fetch(&seen, 1) != at) return 0;
    fired = 1;
    if (error == 0) kill(getpid(), SIGKILL);
    errno = error;
    return 1;
}

#define NEXT(type, name, ...) \
    static type (*next)(__VA_ARGS__); \
    if (next == NULL) next = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        NEXT(int, name, const char *, int, ...); \
        va_list list; va_start(list, flags); mode_t mode = va_arg(list, mode_t); va_end(list); \
        if ((flags & O_CREAT) && access(path, F_OK) != 0 && fails(AT_FDCWD, path, SPACE)) return -1; \
        return next(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define CALL(type, name, folder, path, kind, parameters, arguments) \
    type name parameters { \
        static type (*next) parameters; \
        if (next == NULL) next = (type (*) parameters)dlsym(RTLD_NEXT, #name); \
        if (fails(folder, path, kind)) return -1; \
        return next arguments; \
    }
CALL(ssize_t, write, fd, NULL, SPACE, (int fd, const void *data, size_t size), (fd, data, size))
CALL(ssize_t, pwrite, fd, NULL, SPACE, (int fd, const void *data, size_t size, off_t to), (fd, data, size, to))
CALL(ssize_t, pwrite64, fd, NULL, SPACE, (int fd, const void *data, size_t size, off64_t to), (fd, data, size, to))
CALL(ssize_t, sendfile, out, NULL, SPACE, (int out, int in, off_t *from, size_t size), (out, in, from, size))
CALL(ssize_t, sendfile64, out, NULL, SPACE, (int out, int in, off64_t *from, size_t size), (out, in, from, size))
CALL(int, ftruncate, fd, NULL, OTHER, (int fd, off_t size), (fd, size))
CALL(int, ftruncate64, fd, NULL, OTHER, (int fd, off64_t size), (fd, size))
CALL(int, fsync, fd, NULL, OTHER, (int fd), (fd))
CALL(int, fdatasync, fd, NULL, OTHER, (int fd), (fd))
CALL(int, mkdir, AT_FDCWD, path, SPACE, (const char *path, mode_t mode), (path, mode))
CALL(int, rename, AT_FDCWD, to, OTHER, (const char *from, const char *to), (from, to))
CALL(int, unlink, AT_FDCWD, path, OTHER, (const char *path), (path))
CALL(int, unlinkat, folder, path, OTHER, (int folder, const char *path, int flags), (folder, path, flags))
CALL(int, rmdir, AT_FDCWD, path, OTHER, (const char *path), (path))
CALL(int, utimensat, folder, path, OTHER, (int folder, const char *path, const struct timespec times[2], int flags), (folder, path, times, flags))
