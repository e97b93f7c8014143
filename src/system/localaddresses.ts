// The addresses of this machine, without a program: what Node has of getifaddrs(3).

/**
 * `eth0 192.0.2.1` for each address of each interface that is up; a label (`eth0:1`) is not part
 * of the name.
 * @returns undefined when they cannot be read
 */
export function localAddresses(): ReadonlySet<string> | undefined {
  try {
    const { networkInterfaces } = process.getBuiltinModule('node:os');
    return new Set(
      Object.entries(networkInterfaces()).flatMap(([device, addresses = []]) =>
        addresses.map(({ address }) => `${device.replace(/:.*$/, '')} ${address}`),
      ),
    );
  } catch {
    return undefined;
  }
}
