// The same servers in the words of lvsctl and of keepalived, for the monitor's bench.

export interface Setup {
  readonly kind: 'tcp' | 'http';
  readonly servers: number;
  /** of all servers */
  readonly port: number;
}

/** seconds between two checks of a server */
export const INTERVAL_S = 2;
const PER_SERVICE = 10;
const VIP = '192.0.2.1';

/** Addresses 127.1.0.1 and on, by service; the services have ports from 1000 on. */
function services({ servers }: Setup): readonly (readonly string[])[] {
  const address = (n: number) => `127.1.${n >> 8}.${n & 255}`;
  return Array.from({ length: Math.ceil(servers / PER_SERVICE) }, (_, service) =>
    Array.from({ length: Math.min(PER_SERVICE, servers - service * PER_SERVICE) }, (_, i) =>
      address(service * PER_SERVICE + i + 1),
    ),
  );
}

export function lvsctlFile(setup: Setup): string {
  const { kind, port } = setup;
  const check = `{kind: ${kind}, interval: ${INTERVAL_S}, timeout: 1}`;
  const service = (addresses: readonly string[], i: number) =>
    `  - {name: s${i}, address: ${VIP}, port: ${1000 + i}, mode: nat, scheduler: wrr,
     servers: [${addresses.map((address) => `{address: ${address}, port: ${port}}`).join(', ')}],
     checks: [${check}]}`;
  return `vips: [{address: ${VIP}, interface: lo}]\nservices:\n${services(setup).map(service).join('\n')}\n`;
}

export function keepalivedFile(setup: Setup): string {
  const { kind, port } = setup;
  const url = 'url {\n path /\n status_code 200\n }\n ';
  const check = `${kind === 'tcp' ? 'TCP_CHECK' : 'HTTP_GET'} {
 ${kind === 'tcp' ? '' : url}connect_timeout 1
 }`;
  const server = (address: string) =>
    ` real_server ${address} ${port} {\n weight 1\n ${check}\n }\n`;
  return services(setup)
    .map(
      (addresses, i) => `virtual_server ${VIP} ${1000 + i} {
 delay_loop ${INTERVAL_S}
 lvs_sched wrr
 lvs_method NAT
 protocol TCP
${addresses.map(server).join('')}}
`,
    )
    .join('');
}
