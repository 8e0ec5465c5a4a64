/* A link of some length: passes what arrives at a socket on to another one, later, and counts the calls.
 *
 *   slow-link SOCKET PEER MILLISECONDS
 *
 * Answers are not held up, so the added latency of a call is what is given. Told to end (SIGTERM), it writes how many calls
 * of libvirt's remote protocol went by, in decimal digits and a line end.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>

static const char *peer;
static long milliseconds;
static atomic_long calls;

/* What waits until its time has come. */
struct chunk {
    struct chunk *next;
    struct timespec due;
    size_t length;
    char bytes[65536];
};

struct line {
    int client, server;
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    struct chunk *first, *last;
    int is_over;
    /* Of the frame that arrives: its head so far, and how much of it is still to come. */
    unsigned char head[28];
    size_t have, rest;
};

/* libvirt's frames: length, program, version, procedure, type (0: a call), serial, status, 4 bytes each. */
static void count(struct line *line, const char *bytes, size_t length) {
    while (length > 0) {
        if (line->have == sizeof line->head) {
            size_t skipped = length < line->rest ? length : line->rest;
            line->rest -= skipped;
            bytes += skipped;
            length -= skipped;
            if (line->rest == 0) line->have = 0;
            continue;
        }
        line->head[line->have++] = *bytes++;
        length--;
        if (line->have < sizeof line->head) continue;
        uint32_t words[7];
        memcpy(words, line->head, sizeof words);
        if (ntohl(words[1]) == 0x20008086 && ntohl(words[4]) == 0) calls++;
        line->rest = ntohl(words[0]) - sizeof words;
        if (line->rest == 0) line->have = 0;
    }
}

static int write_all(int to, const char *bytes, size_t length) {
    for (ssize_t n; length > 0; bytes += n, length -= n)
        if ((n = write(to, bytes, length)) <= 0) return -1;
    return 0;
}

static void *deliver(void *argument) {
    struct line *line = argument;
    for (;;) {
        pthread_mutex_lock(&line->mutex);
        while (!line->first && !line->is_over) pthread_cond_wait(&line->condition, &line->mutex);
        struct chunk *chunk = line->first;
        if (chunk && !(line->first = chunk->next)) line->last = NULL;
        pthread_mutex_unlock(&line->mutex);
        if (!chunk) break;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &chunk->due, NULL);
        if (write_all(line->server, chunk->bytes, chunk->length) < 0) break;
        free(chunk);
    }
    shutdown(line->server, SHUT_WR);
    return NULL;
}

static void *answer(void *argument) {
    struct line *line = argument;
    static _Thread_local char bytes[65536];
    for (ssize_t n; (n = read(line->server, bytes, sizeof bytes)) > 0;)
        if (write_all(line->client, bytes, n) < 0) break;
    shutdown(line->client, SHUT_RDWR);
    return NULL;
}

static void *serve(void *argument) {
    struct line *line = argument;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, peer, sizeof address.sun_path - 1);
    line->server = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(line->server, (struct sockaddr *)&address, sizeof address)) { perror(peer); exit(1); }
    pthread_t deliverer, answerer;
    pthread_create(&deliverer, NULL, deliver, line);
    pthread_create(&answerer, NULL, answer, line);
    for (;;) {
        struct chunk *chunk = malloc(sizeof *chunk);
        chunk->next = NULL;
        ssize_t n = read(line->client, chunk->bytes, sizeof chunk->bytes);
        if (n <= 0) { free(chunk); break; }
        chunk->length = n;
        clock_gettime(CLOCK_MONOTONIC, &chunk->due);
        chunk->due.tv_nsec += milliseconds * 1000000;
        chunk->due.tv_sec += chunk->due.tv_nsec / 1000000000;
        chunk->due.tv_nsec %= 1000000000;
        count(line, chunk->bytes, n);
        pthread_mutex_lock(&line->mutex);
        if (line->last) line->last->next = chunk; else line->first = chunk;
        line->last = chunk;
        pthread_cond_signal(&line->condition);
        pthread_mutex_unlock(&line->mutex);
    }
    pthread_mutex_lock(&line->mutex);
    line->is_over = 1;
    pthread_cond_signal(&line->condition);
    pthread_mutex_unlock(&line->mutex);
    pthread_join(deliverer, NULL);
    pthread_join(answerer, NULL);
    close(line->server);
    close(line->client);
    free(line);
    return NULL;
}

static void *wait_for_the_end(void *signals) {
    int signal;
    sigwait(signals, &signal);
    printf("%ld\n", atomic_load(&calls));
    exit(0);
}

int main(int argc, char **argv) {
    if (argc != 4) { fprintf(stderr, "usage: slow-link SOCKET PEER MILLISECONDS\n"); return 64; }
    signal(SIGPIPE, SIG_IGN);
    static sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    pthread_t ender;
    pthread_create(&ender, NULL, wait_for_the_end, &signals);

    peer = argv[2];
    milliseconds = atol(argv[3]);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    unlink(argv[1]);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
        perror(argv[1]);
        return 1;
    }
    for (int client; (client = accept(listener, NULL, NULL)) >= 0;) {
        struct line *line = calloc(1, sizeof *line);
        line->client = client;
        pthread_mutex_init(&line->mutex, NULL);
        pthread_cond_init(&line->condition, NULL);
        pthread_t server;
        pthread_create(&server, NULL, serve, line);
        pthread_detach(server);
    }
    return 0;
}
