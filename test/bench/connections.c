// What a C program does to list connections line by line: the yardstick of the bench.
#include <arpa/inet.h>
#include <stdio.h>

static void endpoint(char *to, const char *address, unsigned port)
{
	unsigned value;
	struct in_addr in;
	char text[INET_ADDRSTRLEN];
	sscanf(address, "%X", &value);
	in.s_addr = htonl(value);
	inet_ntop(AF_INET, &in, text, sizeof text);
	sprintf(to, "%s:%u", text, port);
}

int main(int argc, char **argv)
{
	FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
	char line[256];
	if (!file || !fgets(line, sizeof line, file))
		return 1;
	puts("IPVS connection entries\npro expire state       source             virtual            destination");
	while (fgets(line, sizeof line, file)) {
		char protocol[8], state[32], address[3][16], text[3][64], expires[32];
		unsigned port[3], seconds;
		if (sscanf(line, "%7s %15s %X %15s %X %15s %X %31s %u", protocol, address[0], &port[0], address[1], &port[1], address[2], &port[2], state, &seconds) != 9)
			return 1;
		for (int i = 0; i < 3; i++)
			endpoint(text[i], address[i], port[i]);
		sprintf(expires, "%02u:%02u", seconds / 60, seconds % 60);
		printf("%-3s %-6s %-11s %-18s %-18s %s\n", protocol, expires, state, text[0], text[1], text[2]);
	}
	return 0;
}
