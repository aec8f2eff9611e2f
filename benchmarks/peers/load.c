/* The load of the benchmarks: very many clients on one thread, which check every answer and count.

   load addition PORT CLIENTS DEPTH SECONDS    each keeps DEPTH requests under way: ping-pong with 1
   load visit PORT CLIENTS                     all connected at once; each has one request served in its turn, and stays
   load chat PORT MEMBERS POSTERS SECONDS      each poster posts its next message once it has its last one back

   It prints one line, `name=value` pairs, of what it counted once a fifth of the time had passed; and with `visit` waits
   for the end of its input before it leaves. A wrong answer, a message lost, doubled or out of order ends it with a
   complaint. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 512,
    DEEPEST = 1024,
    BUFFER = 1 << 18,
    CLIENTS_PER_ADDRESS = 5000, /* each source address, 127.0.0.1, .2, ..., has ports enough for these */
    PACE_MICROSECONDS = 300,    /* between connections: Java's listen queue holds 50 */
    STALLED_MILLISECONDS = 20000,
    AUTHOR_SIZE = 6,
    TEXT_SIZE = 40,
    MESSAGE_SIZE = 2 + AUTHOR_SIZE + 2 + TEXT_SIZE,
};

struct client {
    int fd;
    int poster;                /* its number as an author, -1 when it only reads */
    unsigned next_sum;         /* of the sums it waits for, the oldest */
    uint32_t sums[DEEPEST];
    unsigned *next_message;    /* of each author, the message that must come next; 0 before the first */
    int hears;                 /* has had a message */
    size_t kept_size;
    unsigned char kept[MESSAGE_SIZE];
};

static unsigned char buffer[BUFFER];
static int epoll;
static uint32_t chance = 8999;

static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double processor_time(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static uint32_t below_hundred(void) /* what the course's clients send */
{
    chance ^= chance << 13;
    chance ^= chance >> 17;
    chance ^= chance << 5;
    return chance % 100;
}

static void send_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent < 0)
            fail("the server does not read: %s", strerror(errno));
        at += sent;
        size -= (size_t)sent;
    }
}

static void connect_client(struct client *client, int number, int port)
{
    static const unsigned char greeting[] = "\0\t127.0.0.1";
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(number / CLIENTS_PER_ADDRESS));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (client->fd < 0 || bind(client->fd, (struct sockaddr *)&from, sizeof from) < 0 ||
        connect(client->fd, (struct sockaddr *)&to, sizeof to) < 0)
        fail("client %d cannot connect: %s", number, strerror(errno));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
        fail("epoll: %s", strerror(errno));
    send_all(client->fd, greeting, sizeof greeting - 1);
}

static struct client *connect_all(int count, int port)
{
    struct client *clients = calloc((size_t)count, sizeof *clients);
    for (int number = 0; number < count; number++) {
        clients[number].poster = -1;
        connect_client(&clients[number], number, port);
        usleep(PACE_MICROSECONDS);
    }
    return clients;
}

static int wait_for_events(struct epoll_event *events)
{
    int ready = epoll_wait(epoll, events, EVENTS, STALLED_MILLISECONDS);
    if (ready == 0)
        fail("nothing has come from the server for %d ms", STALLED_MILLISECONDS);
    return ready;
}

static size_t receive(const struct client *client, unsigned char *at, size_t size)
{
    ssize_t received = recv(client->fd, at, size, 0);
    if (received <= 0)
        fail("the server has gone: %s", received ? strerror(errno) : "end of the stream");
    return (size_t)received;
}

/* Addition */

static void ask(struct client *client, unsigned first_slot, unsigned count, unsigned depth)
{
    static uint32_t numbers[2 * DEEPEST];
    for (unsigned i = 0; i < count; i++) {
        uint32_t first = below_hundred(), second = below_hundred();
        numbers[2 * i] = htonl(first);
        numbers[2 * i + 1] = htonl(second);
        client->sums[(first_slot + i) % depth] = first + second;
    }
    send_all(client->fd, numbers, 8 * (size_t)count);
}

/* Checks the sums that have arrived; how many they are. */
static unsigned hear(struct client *client, unsigned depth)
{
    memcpy(buffer, client->kept, client->kept_size);
    size_t size = client->kept_size + receive(client, buffer + client->kept_size, 4 * (size_t)depth);
    unsigned count = (unsigned)(size / 4);
    for (unsigned i = 0; i < count; i++) {
        uint32_t sum;
        memcpy(&sum, buffer + 4 * i, 4);
        if (ntohl(sum) != client->sums[client->next_sum])
            fail("the sum is %d, not %u", (int)ntohl(sum), client->sums[client->next_sum]);
        client->next_sum = (client->next_sum + 1) % depth;
    }
    client->kept_size = size % 4;
    memcpy(client->kept, buffer + 4 * count, client->kept_size);
    return count;
}

/* What is counted, and over which time. */
struct count {
    double begin, end, processor_begin;
    unsigned long done;
    int counting;
};

static struct count count_for(double seconds)
{
    struct count count = {.begin = now() + seconds / 5};
    count.end = count.begin + seconds;
    return count;
}

/* Whether it goes on. */
static int add_to(struct count *count, unsigned long done)
{
    double time = now();
    if (!count->counting && time >= count->begin) {
        count->counting = 1;
        count->begin = time;
        count->processor_begin = processor_time();
        return 1;
    }
    if (count->counting)
        count->done += done;
    if (!count->counting || time < count->end)
        return 1;
    count->end = time;
    return 0;
}

static void print_count(const char *what, const struct count *count)
{
    double seconds = count->end - count->begin;
    printf("%s=%lu seconds=%.6f rate=%.1f busy=%.3f\n", what, count->done, seconds, (double)count->done / seconds,
           (processor_time() - count->processor_begin) / seconds);
}

static void load_addition(int port, int clients, unsigned depth, double seconds)
{
    struct client *all = connect_all(clients, port);
    struct epoll_event events[EVENTS];
    for (int number = 0; number < clients; number++)
        ask(&all[number], 0, depth, depth);
    struct count count = count_for(seconds);
    unsigned long heard;
    do {
        int ready = wait_for_events(events);
        heard = 0;
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            unsigned slot = client->next_sum, answers = hear(client, depth);
            if (answers)
                ask(client, slot, answers, depth);
            heard += answers;
        }
    } while (add_to(&count, heard));
    print_count("requests", &count);
}

static void load_visit(int port, int clients)
{
    double begin = now();
    struct client *all = connect_all(clients, port);
    double connected = now();
    struct epoll_event events[EVENTS];
    for (int number = 0; number < clients; number++) {
        ask(&all[number], 0, 1, 1);
        wait_for_events(events);
        if (events[0].data.ptr != &all[number] || hear(&all[number], 1) != 1)
            fail("client %d was not answered in its turn", number);
    }
    printf("served=%d connecting=%.6f serving=%.6f\n", clients, connected - begin, now() - connected);
    fflush(stdout);
    while (read(STDIN_FILENO, buffer, sizeof buffer) > 0)
        continue;
}

/* Chat. Every message has the same size, so that many are checked in little time. */

static void post(const struct client *client, unsigned number)
{
    char message[MESSAGE_SIZE + 16];
    snprintf(message, sizeof message, "%c%cp%05d%c%c%010u%30s", 0, AUTHOR_SIZE, client->poster, 0, TEXT_SIZE, number,
             "il fait beau, venez au jardin");
    send_all(client->fd, message, MESSAGE_SIZE);
}

static unsigned digits(const unsigned char *at, int count)
{
    unsigned number = 0;
    while (count--)
        number = 10 * number + (unsigned)(*at++ - '0');
    return number;
}

/* Checks the messages that have arrived: of each author one after the other, from the first that came on. How many. */
static unsigned hear_messages(struct client *client, unsigned posters)
{
    memcpy(buffer, client->kept, client->kept_size);
    size_t size = client->kept_size + receive(client, buffer + client->kept_size, BUFFER - client->kept_size);
    unsigned count = (unsigned)(size / MESSAGE_SIZE);
    int own = 0;
    for (unsigned i = 0; i < count; i++) {
        const unsigned char *message = buffer + i * MESSAGE_SIZE;
        unsigned author = digits(message + 3, AUTHOR_SIZE - 1);
        unsigned number = digits(message + 2 + AUTHOR_SIZE + 2, 10);
        if (message[1] != AUTHOR_SIZE || message[2] != 'p' || message[3 + AUTHOR_SIZE] != TEXT_SIZE ||
            author >= posters || (client->next_message[author] && number != client->next_message[author]))
            fail("message %u of author %u is not the one that must come", number, author);
        client->next_message[author] = number + 1;
        own |= (int)author == client->poster;
    }
    client->kept_size = size % MESSAGE_SIZE;
    memcpy(client->kept, buffer + count * MESSAGE_SIZE, client->kept_size);
    if (own)
        post(client, client->next_message[client->poster]);
    return count;
}

static void load_chat(int port, int members, unsigned posters, double seconds)
{
    struct client *all = connect_all(members, port);
    struct epoll_event events[EVENTS];
    for (int number = 0; number < members; number++) {
        all[number].next_message = calloc(posters, sizeof(unsigned));
        if (number < (int)posters)
            all[number].poster = number;
    }
    for (int number = 0; number < (int)posters; number++)
        post(&all[number], 1);
    struct count count = count_for(seconds);
    unsigned long heard;
    int members_heard = 0; /* counting begins once all have joined, and hear */
    do {
        int ready = wait_for_events(events);
        heard = 0;
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            heard += hear_messages(client, posters);
            members_heard += !client->hears;
            client->hears = 1;
        }
        if (members_heard < members)
            count = count_for(seconds);
    } while (add_to(&count, heard));
    print_count("deliveries", &count);
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    epoll = epoll_create1(0);
    if (argc == 6 && strcmp(argv[1], "addition") == 0)
        load_addition(atoi(argv[2]), atoi(argv[3]), (unsigned)atoi(argv[4]), atof(argv[5]));
    else if (argc == 4 && strcmp(argv[1], "visit") == 0)
        load_visit(atoi(argv[2]), atoi(argv[3]));
    else if (argc == 6 && strcmp(argv[1], "chat") == 0)
        load_chat(atoi(argv[2]), atoi(argv[3]), (unsigned)atoi(argv[4]), atof(argv[5]));
    else
        fail("addition PORT CLIENTS DEPTH SECONDS | visit PORT CLIENTS | chat PORT MEMBERS POSTERS SECONDS");
    return 0;
}
