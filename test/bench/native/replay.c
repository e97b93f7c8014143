/* Records what a program says to generic netlink and what it is answered, or gives those answers
 * where there is no kernel with IPVS.
 *
 *   LD_PRELOAD=replay.so REPLAY_RECORD=FILE PROGRAM ...   writes FILE
 *   LD_PRELOAD=replay.so REPLAY_PLAY=FILE PROGRAM ...     answers from FILE
 *
 * A record is a row of entries: kind (request or answer), length, bytes. In play, a request is
 * found by its bytes, not by its place: number and port of the sender are left out, since they
 * differ from run to run. A request that is not on record ends the program with status 99. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FDS = 1024, SLOTS = 1 << 16, LONGEST_SEND = 1 << 18, NOT_ON_RECORD = 99 };
enum { REQUEST = 1, ANSWER = 2 };

/* one entry of the file; its bytes follow */
struct entry {
  uint32_t kind, length;
};

/* one request on record, and the entries that answered it */
struct known {
  const struct nlmsghdr *request;
  uint32_t *answers; /* offsets of entries */
  uint32_t count, room;
  struct known *next;
};

/* answers that wait until the reader has room */
struct waiting {
  struct waiting *next;
  uint32_t length;
  char bytes[];
};

struct conversation {
  int watched, peer;
  struct waiting *first, *last;
};

static int record = -1, playing;
static char *tape;
static struct known *slots[SLOTS];
static struct conversation all[MOST_FDS];

#define NEXT(name) \
  static __typeof__(name) *next; \
  if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void fail(const char *why) {
  fprintf(stderr, "replay: %s\n", why);
  _exit(NOT_ON_RECORD);
}

/* a request without its sequence number and the sender's port */
static uint32_t hashed(const struct nlmsghdr *m) {
  const unsigned char *b = (const unsigned char *)m;
  uint32_t hash = 2166136261u;
  for (uint32_t i = 0; i < m->nlmsg_len; i++)
    if (i < 8 || i >= 16) hash = (hash ^ b[i]) * 16777619u;
  return hash % SLOTS;
}

static int same(const struct nlmsghdr *a, const struct nlmsghdr *b) {
  return a->nlmsg_len == b->nlmsg_len && !memcmp(a, b, 8) &&
         !memcmp(a + 1, b + 1, a->nlmsg_len - sizeof *a);
}

static struct known *find(const struct nlmsghdr *request) {
  struct known *k = slots[hashed(request)];
  while (k && !same(k->request, request)) k = k->next;
  return k;
}

static struct known *add(const struct nlmsghdr *request) {
  struct known *k = calloc(1, sizeof *k), **slot = &slots[hashed(request)];
  k->request = request;
  k->next = *slot;
  return *slot = k;
}

/* the requests of one send of the file, in `sent`; one that is known already keeps its answers */
static uint32_t learn(char *bytes, uint32_t length, struct known **sent, uint32_t most) {
  uint32_t count = 0;
  for (uint32_t at = 0; at + sizeof(struct nlmsghdr) <= length && count < most;) {
    struct nlmsghdr *m = (struct nlmsghdr *)(bytes + at);
    sent[count++] = find(m) ? NULL : add(m);
    at += NLMSG_ALIGN(m->nlmsg_len);
  }
  return count;
}

/* reads the file: an answer belongs to the request whose number it has */
static void load(const char *path) {
  struct stat info;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &info)) fail("no record");
  tape = mmap(NULL, info.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (tape == MAP_FAILED) fail("no memory");
  close(fd);
  static struct known *sent[4096];
  uint32_t count = 0, first = 0;
  for (uint32_t at = 0; at < info.st_size;) {
    struct entry *e = (struct entry *)(tape + at);
    struct nlmsghdr *m = (struct nlmsghdr *)(e + 1);
    if (e->kind == REQUEST) {
      first = m->nlmsg_seq;
      count = learn((char *)m, e->length, sent, 4096);
    } else {
      uint32_t index = m->nlmsg_seq - first;
      struct known *k = index < count ? sent[index] : NULL;
      if (k) {
        if (k->count == k->room)
          k->answers = realloc(k->answers, sizeof at * (k->room = 2 * k->room + 4));
        k->answers[k->count++] = at;
      }
    }
    at += sizeof *e + ((e->length + 3) & ~3u);
  }
}

static void put(uint32_t kind, const struct iovec *parts, size_t count, size_t length) {
  struct entry e = {kind, length};
  static const char padding[4];
  int failed = write(record, &e, sizeof e) < 0;
  size_t left = length;
  for (size_t i = 0; i < count && left > 0; i++) {
    size_t take = parts[i].iov_len < left ? parts[i].iov_len : left;
    failed |= write(record, parts[i].iov_base, take) < 0;
    left -= take;
  }
  failed |= write(record, padding, -length & 3) < 0;
  if (failed) fail("cannot write the record");
}

/* hands on what waits, as far as the reader's queue takes it */
static void hand_on(struct conversation *c) {
  while (c->first) {
    struct waiting *w = c->first;
    if (send(c->peer, w->bytes, w->length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return;
    c->first = w->next;
    free(w);
  }
  c->last = NULL;
}

static void queue(struct conversation *c, uint32_t at, uint32_t number) {
  struct entry *e = (struct entry *)(tape + at);
  struct waiting *w = malloc(sizeof *w + e->length);
  w->next = NULL;
  w->length = e->length;
  memcpy(w->bytes, e + 1, e->length);
  for (uint32_t from = 0; from + sizeof(struct nlmsghdr) <= e->length;) {
    struct nlmsghdr *m = (struct nlmsghdr *)(w->bytes + from);
    m->nlmsg_seq = number;
    m->nlmsg_pid = getpid();
    if (m->nlmsg_type == NLMSG_ERROR) ((struct nlmsgerr *)(m + 1))->msg.nlmsg_seq = number;
    if (m->nlmsg_len < sizeof *m) break;
    from += NLMSG_ALIGN(m->nlmsg_len);
  }
  if (c->last) c->last->next = w;
  else c->first = w;
  c->last = w;
}

static void answer(struct conversation *c, const char *bytes, size_t length) {
  if (!tape) load(getenv("REPLAY_PLAY"));
  for (size_t at = 0; at + sizeof(struct nlmsghdr) <= length;) {
    const struct nlmsghdr *m = (const struct nlmsghdr *)(bytes + at);
    struct known *k = find(m);
    if (!k) fail("a request that is not on record");
    for (uint32_t i = 0; i < k->count; i++) queue(c, k->answers[i], m->nlmsg_seq);
    at += NLMSG_ALIGN(m->nlmsg_len);
  }
  hand_on(c);
}

static struct conversation *watched(int fd) {
  return fd >= 0 && fd < MOST_FDS && all[fd].watched ? &all[fd] : NULL;
}

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("REPLAY_RECORD");
  playing = getenv("REPLAY_PLAY") != NULL;
  if (!path) return;
  int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  record = fcntl(fd, F_DUPFD_CLOEXEC, MOST_FDS - 100);
  if (fd < 0 || record < 0) fail("cannot open the record");
  close(fd);
}

int socket(int domain, int type, int protocol) {
  NEXT(socket);
  if (domain != AF_NETLINK || protocol != NETLINK_GENERIC || (record < 0 && !playing))
    return next(domain, type, protocol);
  int ends[2] = {-1, -1};
  if (playing) {
    int flags = SOCK_SEQPACKET | (type & (SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socketpair(AF_UNIX, flags, 0, ends)) return -1;
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  } else ends[0] = next(domain, type, protocol);
  if (ends[0] >= MOST_FDS) fail("too many descriptors");
  if (ends[0] >= 0) all[ends[0]] = (struct conversation){1, ends[1], NULL, NULL};
  return ends[0];
}

int close(int fd) {
  NEXT(close);
  struct conversation *c = watched(fd);
  if (c) {
    c->watched = 0;
    if (c->peer >= 0) next(c->peer);
    for (struct waiting *w = c->first, *after; w; w = after) after = w->next, free(w);
  }
  return next(fd);
}

int bind(int fd, const struct sockaddr *address, socklen_t length) {
  NEXT(bind);
  return playing && watched(fd) ? 0 : next(fd, address, length);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  NEXT(setsockopt);
  return playing && watched(fd) ? 0 : next(fd, level, name, value, length);
}

/* the kernel's end of the conversation, port 0 */
static void name_kernel(void *into, socklen_t *length, uint32_t port) {
  struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = port};
  memcpy(into, &name, *length < sizeof name ? *length : sizeof name);
  *length = sizeof name;
}

int getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  NEXT(getsockname);
  if (!playing || !watched(fd)) return next(fd, address, length);
  name_kernel(address, length, getpid());
  return 0;
}

static ssize_t sent(struct conversation *c, const struct iovec *parts, size_t count) {
  static char bytes[LONGEST_SEND];
  size_t length = 0;
  for (size_t i = 0; i < count; length += parts[i++].iov_len) {
    if (length + parts[i].iov_len > sizeof bytes) fail("a send too long");
    memcpy(bytes + length, parts[i].iov_base, parts[i].iov_len);
  }
  answer(c, bytes, length);
  return length;
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags) {
  NEXT(sendmsg);
  struct conversation *c = watched(fd);
  if (c && playing) return sent(c, m->msg_iov, m->msg_iovlen);
  ssize_t result = next(fd, m, flags);
  if (c && result >= 0) put(REQUEST, m->msg_iov, m->msg_iovlen, result);
  return result;
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to,
               socklen_t to_length) {
  NEXT(sendto);
  struct conversation *c = watched(fd);
  struct iovec part = {(void *)bytes, length};
  if (c && playing) return sent(c, &part, 1);
  ssize_t result = next(fd, bytes, length, flags, to, to_length);
  if (c && result >= 0) put(REQUEST, &part, 1, result);
  return result;
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags) {
  NEXT(recvmsg);
  struct conversation *c = watched(fd);
  if (!c) return next(fd, m, flags);
  if (!playing) {
    ssize_t result = next(fd, m, flags);
    if (result > 0 && !(flags & MSG_PEEK)) put(ANSWER, m->msg_iov, m->msg_iovlen, result);
    return result;
  }
  void *from = m->msg_name;
  socklen_t room = m->msg_namelen;
  m->msg_name = NULL;
  m->msg_namelen = 0;
  ssize_t result = next(fd, m, flags);
  m->msg_name = from;
  m->msg_namelen = room;
  if (from) name_kernel(from, &m->msg_namelen, 0);
  if (result >= 0 && !(flags & MSG_PEEK)) hand_on(c);
  return result;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  NEXT(write);
  struct conversation *c = watched(fd);
  struct iovec part = {(void *)bytes, length};
  if (c && playing) return sent(c, &part, 1);
  ssize_t result = next(fd, bytes, length);
  if (c && result >= 0) put(REQUEST, &part, 1, result);
  return result;
}

ssize_t read(int fd, void *bytes, size_t length) {
  NEXT(read);
  struct conversation *c = watched(fd);
  ssize_t result = next(fd, bytes, length);
  struct iovec part = {bytes, length};
  if (c && playing && result >= 0) hand_on(c);
  else if (c && result > 0) put(ANSWER, &part, 1, result);
  return result;
}
