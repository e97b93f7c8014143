// Lets user-mode Linux 6.1 run on processors with AMX, by LD_PRELOAD.
//
// That kernel saves and restores a process's floating-point state in a buffer that ends before the AMX tiles. A newer host kernel
// refuses to restore less than the whole state (EFAULT), and the guest dies on its first process. Here, what the guest does not know
// of is filled up from the process's present state before it is written back.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char state[1 << 16];

long ptrace(enum __ptrace_request request, ...)
{
	va_list list;
	va_start(list, request);
	long pid = va_arg(list, pid_t);
	void *address = va_arg(list, void *);
	void *data = va_arg(list, void *);
	va_end(list);

	// The system call stores a peeked value, the library function returns it.
	if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER) {
		long value;
		if (syscall(SYS_ptrace, request, pid, address, &value) < 0)
			return -1;
		errno = 0;
		return value;
	}
	if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE) {
		const struct iovec *given = data;
		struct iovec whole = { state, sizeof state };
		if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, address, &whole) < 0)
			return -1;
		if (given->iov_len < whole.iov_len) {
			memcpy(state, given->iov_base, given->iov_len);
			return syscall(SYS_ptrace, request, pid, address, &whole);
		}
	}
	return syscall(SYS_ptrace, request, pid, address, data);
}
