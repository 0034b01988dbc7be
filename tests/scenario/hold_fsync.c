/* LD_PRELOAD: fsync and fdatasync wait while the file $HOLD_FSYNC_FILE exists; each that waits says so by creating
   $HOLD_FSYNC_WAITING. $HOLD_FSYNC_SEEN is created at the first call, so that a test can tell a process that syncs
   some other way. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void touch(const char *path) {
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) close(fd);
}

static void hold(void) {
    static int seen;
    const char *path = getenv("HOLD_FSYNC_FILE");
    const struct timespec pause = {0, 5000000};
    if (!seen) {
        seen = 1;
        touch(getenv("HOLD_FSYNC_SEEN"));
    }
    if (!path || access(path, F_OK) != 0) return;
    touch(getenv("HOLD_FSYNC_WAITING"));
    while (access(path, F_OK) == 0) nanosleep(&pause, NULL);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    hold();
    return real(fd);
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    hold();
    return real(fd);
}
