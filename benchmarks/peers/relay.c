/* A bare relay: what any program between a client and a server costs them, whatever it is written in.

   relay PORT        carries every connection to that port of 127.0.0.1, both ways; says where it listens

   One thread, epoll. What one end sends goes to the other in one piece; the end of one stream is the end of the other.
   What the measure does not need is left out: a piece that does not fit into a socket at once ends the connection. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 512, PIECE = 1 << 16 };

struct end {
    int fd;
    int ended;          /* its stream has */
    struct end *other;
};

static int epoll;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in local(int port)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return place;
}

static void watch(int fd, void *with)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = with};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static void bring_together(int client, int port)
{
    int on = 1;
    struct sockaddr_in place = local(port);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&place, sizeof place) != 0)
        die("the server");
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct end *ends = calloc(2, sizeof *ends);
    if (ends == NULL)
        die("calloc");
    ends[0] = (struct end){.fd = client, .other = &ends[1]};
    ends[1] = (struct end){.fd = server, .other = &ends[0]};
    watch(client, &ends[0]);
    watch(server, &ends[1]);
}

static void stop(struct end *end)
{
    end->ended = 1;
    epoll_ctl(epoll, EPOLL_CTL_DEL, end->fd, NULL);
    shutdown(end->other->fd, SHUT_WR);
}

/* The two ends of a connection are never given back: events of the same turn may still name them. */
static void carry(struct end *end)
{
    static char piece[PIECE];
    if (end->ended)
        return;
    ssize_t size = recv(end->fd, piece, sizeof piece, 0);
    if (size <= 0) {
        stop(end);
    } else if (send(end->other->fd, piece, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT) != size) {
        stop(end);
        if (!end->other->ended)
            stop(end->other);
    }
    if (end->ended && end->other->ended) {
        close(end->fd);
        close(end->other->fd);
    }
}

int main(int count, char **arguments)
{
    static struct epoll_event events[EVENTS];
    int on = 1;
    struct sockaddr_in place = local(0);
    socklen_t size = sizeof place;
    if (count != 2)
        return 2;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&place, sizeof place) != 0 || listen(listener, SOMAXCONN) != 0)
        die("listen");
    getsockname(listener, (struct sockaddr *)&place, &size);
    printf("### Écoute sur le port %d\n", ntohs(place.sin_port));
    fflush(stdout);
    epoll = epoll_create1(0);
    watch(listener, NULL);
    for (;;) {
        int happened = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < happened; i++) {
            if (events[i].data.ptr != NULL) {
                carry(events[i].data.ptr);
                continue;
            }
            int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            if (client >= 0)
                bring_together(client, atoi(arguments[1]));
        }
    }
}
