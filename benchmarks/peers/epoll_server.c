/* The addition server as C would have it: one thread, epoll, the same wire and the same console lines as pyserver.

   epoll_server PORT        0 lets the system choose

   It keeps the promise of the others: no answer leaves before its lines are on the console. So the lines of one turn of
   the loop are written in one piece at its end, and then the answers are sent. What is left out, since the measure
   does not need it: an address is taken as it comes, neither checked for its encoding nor made safe to look at. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 512, RECEIVED = 1 << 16, CONSOLE = 1 << 20, SUMS = 1 << 16 };

struct client {
    int fd;
    int id;
    int greeted;             /* its address has been read */
    int first_shown;         /* the first number of the pair that `kept` begins with has had its line */
    size_t kept_size;
    unsigned char kept[8];   /* of a pair that is incomplete; of an address, its length */
    size_t address_left;
    char *address;
    size_t address_size;
};

static char console[CONSOLE];
static size_t console_size;
static struct answer { struct client *client; uint32_t *sums; size_t count; } answers[EVENTS];
static size_t answer_count;
static uint32_t sums[SUMS];
static size_t sum_count;
static int epoll;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void flush_console(void)
{
    size_t at = 0;
    while (at < console_size) {
        ssize_t written = write(STDOUT_FILENO, console + at, console_size - at);
        if (written < 0)
            die("console");
        at += (size_t)written;
    }
    console_size = 0;
}

static void end_turn(void)
{
    flush_console();
    for (size_t i = 0; i < answer_count; i++) {
        const struct answer *answer = &answers[i];
        size_t size = answer->count * sizeof answer->sums[0];
        if (send(answer->client->fd, answer->sums, size, MSG_NOSIGNAL) != (ssize_t)size)
            shutdown(answer->client->fd, SHUT_RDWR); /* one that does not read its answers is shown the door */
    }
    answer_count = sum_count = 0;
}

static void show(const char *text, size_t size)
{
    if (console_size + size > CONSOLE)
        flush_console();
    memcpy(console + console_size, text, size);
    console_size += size;
}

#define SHOW(literal) show(literal, sizeof(literal) - 1)

static void show_number(int32_t number)
{
    char digits[12];
    char *at = digits + sizeof digits;
    uint32_t rest = number < 0 ? 0u - (uint32_t)number : (uint32_t)number;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *--at = '-';
    show(at, (size_t)(digits + sizeof digits - at));
}

static void show_first(const struct client *client, int32_t number)
{
    SHOW("--> Premier nombre reçu depuis ");
    show_number(client->id);
    SHOW(" : ");
    show_number(number);
    SHOW("\n");
}

static int32_t show_pair(const struct client *client, int32_t first, int32_t second)
{
    int32_t sum = (int32_t)((uint32_t)first + (uint32_t)second);
    SHOW("--> Deuxième nombre reçu depuis ");
    show_number(client->id);
    SHOW(" : ");
    show_number(second);
    SHOW("\n<-- Somme retournée à client ");
    show_number(client->id);
    SHOW(" : ");
    show_number(sum);
    SHOW("\n");
    return sum;
}

static int32_t int_at(const unsigned char *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, 4);
    return (int32_t)ntohl(number);
}

static void leave(struct client *client)
{
    SHOW("### Le client ");
    show_number(client->id);
    SHOW(" est déconnecté\n");
    close(client->fd);
    free(client->address);
    free(client);
}

/* The bytes of the address among these; 0 while it is incomplete. */
static size_t take_address(struct client *client, const unsigned char *bytes, size_t size)
{
    size_t at = 0;
    while (client->kept_size < 2 && at < size) {
        client->kept[client->kept_size++] = bytes[at++];
        if (client->kept_size == 2) {
            client->address_size = client->address_left = (size_t)(client->kept[0] << 8 | client->kept[1]);
            client->address = malloc(client->address_size + 1);
        }
    }
    if (client->kept_size < 2)
        return at;
    size_t taken = size - at < client->address_left ? size - at : client->address_left;
    memcpy(client->address + client->address_size - client->address_left, bytes + at, taken);
    client->address_left -= taken;
    if (client->address_left == 0) {
        SHOW("--> Adresse du client : ");
        show(client->address, client->address_size);
        SHOW("\n");
        free(client->address);
        client->address = NULL;
        client->greeted = 1;
        client->kept_size = 0;
    }
    return at + taken;
}

static void answer(struct client *client, const unsigned char *bytes, size_t size)
{
    if (answer_count == EVENTS || sum_count + size / 8 + 1 > SUMS)
        end_turn();
    size_t begin = sum_count;
    while (size > 0) {
        const unsigned char *pair = bytes;
        if (client->kept_size > 0 || size < 8) {
            size_t taken = size < 8 - client->kept_size ? size : 8 - client->kept_size;
            memcpy(client->kept + client->kept_size, bytes, taken);
            client->kept_size += taken;
            bytes += taken;
            size -= taken;
            pair = client->kept;
            if (client->kept_size >= 4 && !client->first_shown) {
                show_first(client, int_at(pair));
                client->first_shown = 1;
            }
            if (client->kept_size < 8)
                break;
            client->kept_size = 0;
            client->first_shown = 0;
        } else {
            show_first(client, int_at(pair));
            bytes += 8;
            size -= 8;
        }
        sums[sum_count++] = htonl((uint32_t)show_pair(client, int_at(pair), int_at(pair + 4)));
    }
    if (sum_count > begin)
        answers[answer_count++] = (struct answer){client, sums + begin, sum_count - begin};
}

static void serve(struct client *client)
{
    static unsigned char received[RECEIVED];
    ssize_t size = recv(client->fd, received, sizeof received, 0);
    if (size < 0 && errno == EAGAIN)
        return;
    if (size <= 0) {
        end_turn(); /* its answers are sent while it is still there */
        leave(client);
        return;
    }
    size_t at = 0;
    if (!client->greeted)
        at = take_address(client, received, (size_t)size);
    if (client->greeted)
        answer(client, received + at, (size_t)size - at);
}

static void prepare(int fd)
{
    int on = 1, idle = 30, interval = 10, count = 3;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

static void show_listening(int port)
{
    SHOW("### Écoute sur le port ");
    show_number(port);
    SHOW("\n");
}

static void accept_all(int listener, int port)
{
    static int next_id = 1;
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct client *client = calloc(1, sizeof *client);
        client->fd = fd;
        client->id = next_id++;
        prepare(fd);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            die("epoll_ctl");
        SHOW("### Connexion établie (id client : ");
        show_number(client->id);
        SHOW(").\n");
        show_listening(port);
    }
}

static int listen_on(int port)
{
    int listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1, off = 0;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0)
        die("listen");
    return listener;
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    int listener = listen_on(argc > 1 ? atoi(argv[1]) : 8999);
    struct sockaddr_in6 address;
    socklen_t size = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &size);
    int port = ntohs(address.sin6_port);
    show_listening(port);
    flush_console();

    epoll = epoll_create1(0);
    struct epoll_event events[EVENTS] = {{.events = EPOLLIN, .data.ptr = NULL}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &events[0]);
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr);
            else
                accept_all(listener, port);
        }
        end_turn();
    }
}
