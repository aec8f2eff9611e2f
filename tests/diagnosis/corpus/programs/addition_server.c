/* A right server of the addition: a process for each client, and each value read in a loop. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int fully(int sock, void *into, size_t size) {
    for (char *at = into; size;) {
        ssize_t count = read(sock, at, size);
        if (count <= 0) return 0;
        at += count;
        size -= (size_t)count;
    }
    return 1;
}

int main(int argc, char **argv) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listening = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (argc < 2) return 2;
    here.sin_port = htons((uint16_t)atoi(argv[1]));
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listening, (struct sockaddr *)&here, sizeof here) || listen(listening, 512)) return 1;
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int sock = accept(listening, NULL, NULL);
        if (sock >= 0 && fork() == 0) {
            static char address[65536];
            uint16_t size;
            uint32_t pair[2];
            if (fully(sock, &size, 2) && fully(sock, address, ntohs(size)))
                while (fully(sock, pair, 8)) {
                    uint32_t sum = htonl(ntohl(pair[0]) + ntohl(pair[1]));
                    if (write(sock, &sum, 4) != 4) break;
                }
            _exit(0);
        }
        close(sock);
    }
}
