// Runs one program many times for a caller that is too heavy to fork itself: in user-mode Linux a fork costs by the size of the process.
//
// Request on stdin:  seconds; count of NAME=VALUE texts and these; count of words and these (path, name, arguments); the program's stdin.
// Numbers are u32 in host order, texts a length and bytes.
// Answer on stdout:  status (256 + signal when killed, 512 when the time was up), then its stdout and stderr.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void get(void *to, size_t n)
{
	if (fread(to, 1, n, stdin) != n)
		exit(0);
}

static char *text(uint32_t *length)
{
	get(length, 4);
	char *t = malloc(*length + 1);
	get(t, *length);
	t[*length] = 0;
	return t;
}

static void answer(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint32_t length = size < 0 ? 0 : size;
	char *t = malloc(length + 1);
	if (pread(fd, t, length, 0) != (ssize_t)length)
		exit(1);
	fwrite(&length, 4, 1, stdout);
	fwrite(t, 1, length, stdout);
	free(t);
	close(fd);
}

int main(void)
{
	signal(SIGALRM, SIG_IGN);
	for (;;) {
		uint32_t seconds, count, length;
		get(&seconds, 4);
		uint32_t extra;
		get(&extra, 4);
		char **names = calloc(extra, sizeof *names);
		for (uint32_t i = 0; i < extra; i++)
			putenv(names[i] = text(&length));
		get(&count, 4);
		char **words = calloc(count + 1, sizeof *words);
		for (uint32_t i = 0; i < count; i++)
			words[i] = text(&length);
		char *input = text(&length);
		int in = memfd_create("in", 0), out = memfd_create("out", 0), err = memfd_create("err", 0);
		if (write(in, input, length) != (ssize_t)length || lseek(in, 0, SEEK_SET) < 0)
			return 1;
		pid_t child = vfork();
		if (child == 0) {
			dup2(in, 0), dup2(out, 1), dup2(err, 2);
			signal(SIGALRM, SIG_DFL);
			alarm(seconds);
			// words[0] is the path, words[1] what the program is told as its name
			execv(words[0], words + 1);
			_exit(127);
		}
		int status;
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		uint32_t code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status) == SIGALRM ? 512 : 256 + WTERMSIG(status);
		fwrite(&code, 4, 1, stdout);
		answer(out);
		answer(err);
		fflush(stdout);
		close(in);
		for (uint32_t i = 0; i < count; i++)
			free(words[i]);
		free(words);
		free(input);
		for (uint32_t i = 0; i < extra; i++) {
			char *equals = strchr(names[i], '=');
			if (equals)
				*equals = 0;
			unsetenv(names[i]);
		}
		free(names);
	}
}
