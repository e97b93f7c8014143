/* timed FILE COMMAND [ARGUMENT...]: runs a command and writes two numbers to FILE: the microseconds
 * from its start to its end, and those that it had a processor. Its exit status is passed on. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

int main(int count, char **arguments) {
  if (count < 3) return 2;
  double began = microseconds();
  pid_t child = vfork();
  if (child == 0) {
    execv(arguments[2], arguments + 2);
    _exit(127);
  }
  int status;
  struct rusage used;
  if (child < 0 || wait4(child, &status, 0, &used) < 0) return 126;
  double wall = microseconds() - began;
  double processor = used.ru_utime.tv_sec * 1e6 + used.ru_utime.tv_usec +
                     used.ru_stime.tv_sec * 1e6 + used.ru_stime.tv_usec;
  FILE *file = fopen(arguments[1], "w");
  if (!file || fprintf(file, "%.0f %.0f\n", wall, processor) < 0 || fclose(file)) return 126;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
