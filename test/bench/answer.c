// answer PORT: the real servers of the monitor's bench, on every address of this machine. Answers
// every request with status 200 and `ok`, and closes; a connection to PORT + 1 gets the number of
// connections to PORT since the start. One process with epoll, so that it takes as little as can be
// of a processor that it shares with what is measured.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\nServer: answer\r\nContent-Type: text/plain\r\n"
    "Content-Length: 2\r\nConnection: close\r\n\r\nok";

static int listener(int port) {
  int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&to, sizeof to) || listen(fd, 4096)) {
    perror("answer");
    exit(1);
  }
  return fd;
}

static void watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv) {
  unsigned long connections = 0;
  int port = argc > 1 ? atoi(argv[1]) : 9000;
  int epoll = epoll_create1(0), servers = listener(port), counter = listener(port + 1);
  watch(epoll, servers);
  watch(epoll, counter);
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd, client;
      char text[4096];
      if (fd == servers) {
        while ((client = accept4(fd, 0, 0, SOCK_NONBLOCK)) >= 0) {
          connections++;
          watch(epoll, client);
        }
      } else if (fd == counter) {
        while ((client = accept4(fd, 0, 0, 0)) >= 0) {
          int length = snprintf(text, sizeof text, "%lu\n", connections);
          if (write(client, text, length) < 0) perror("answer");
          close(client);
        }
      } else {
        ssize_t length = read(fd, text, sizeof text);
        if (length < 0 && errno == EAGAIN) continue;
        if (length > 0) send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL);
        close(fd);
      }
    }
  }
}
