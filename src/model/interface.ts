// Names of network interfaces.

/**
 * Whether an interface can have this name: 1..15 printable ASCII characters without blank, `/` and
 * `:`. The kernel takes other bytes too; what no terminal shows is more likely an error.
 */
export function isInterfaceName(name: string): boolean {
  return /^[!-.0-9;-~]{1,15}$/.test(name) && name !== '.' && name !== '..';
}
