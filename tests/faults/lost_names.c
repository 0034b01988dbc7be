/* LD_PRELOAD: a name that begins with "lost" is not known while the file LOST_NAMES_FILE exists; else it is this host. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!real) real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name && strncmp(name, "lost", 4) == 0) {
        const char *file = getenv("LOST_NAMES_FILE");
        if (file && access(file, F_OK) == 0) return EAI_NONAME;
        return real("127.0.0.1", service, hints, found);
    }
    return real(name, service, hints, found);
}
