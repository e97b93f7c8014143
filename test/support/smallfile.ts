// A file of one VIP, one service and one server, for tests that change one thing of it.
import type { Config } from '../../src/lvsctl/config/file.js';
import { readConfig } from '../../src/lvsctl/config/read.js';

export interface SmallFile {
  readonly mode?: string;
  readonly vip?: string;
  readonly rip?: string;
  /** what is between the braces of `tunnel` */
  readonly tunnel?: string | undefined;
  /** other keys of the service */
  readonly more?: string | undefined;
}

export function smallConfig({
  mode = 'dr',
  vip = '192.0.2.10',
  rip = '192.0.2.11',
  tunnel,
  more,
}: SmallFile = {}): Config {
  const keys = [
    ...['name: a', `address: "${vip}"`, 'port: 80', `mode: ${mode}`],
    ...(tunnel === undefined ? [] : [`tunnel: {${tunnel}}`]),
    ...(more === undefined ? [] : [more]),
    `servers: [{address: "${rip}"}]`,
  ];
  const text = `vips: [{address: "${vip}", interface: eth0}]\nservices: [{${keys.join(', ')}}]\n`;
  return readConfig(text, 'f');
}
