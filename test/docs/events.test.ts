// docs/reference/events.md is the table EVENTS, with an example of each event from a run of the
// monitor in simulated time; the same command with -u writes it anew.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { desiredServices } from '../../src/lvsctl/config/desired.js';
import { readConfig } from '../../src/lvsctl/config/read.js';
import { EVENTS, type EventName } from '../../src/lvsctl/monitor/state/events.js';
import { IpvsError } from '../../src/model/errors.js';
import { say, stage } from '../support/stage.js';
import { withParts } from './page.js';

const PAGE = 'docs/reference/events.md';
const NAMES = Object.keys(EVENTS) as EventName[];

/** @param servers of the service web */
const fileOf = (format: 'text' | 'json', servers = ['10.0.0.1', '10.0.0.2']) => `
vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: nat
    servers: [${servers.map((address) => `{address: ${address}, port: 8080}`).join(', ')}]
    sorry: {address: 10.0.9.9}
    checks: [{kind: http, path: /health, rise: 1, fall: 1}]
  - name: mail
    address: 192.0.2.1
    port: 25
    mode: nat
    servers: [{address: 10.0.0.21}, {address: 10.0.0.22}]
    checks: [{kind: smtp, rise: 1, fall: 1}]
    health: {min_up: 0.5}
monitor:
  log: {format: ${format}}
`;

/** One of several directors that announce a VIP. */
const anycast = (format: 'text' | 'json') => `
ha: {engine: bird, peers: [10.0.0.1, 10.0.0.2], as: 64512, neighbors: [{address: 10.0.0.254, as: 64500}]}
vips: [{address: 192.0.2.9, interface: lvs-vip}]
services:
  - name: dns
    address: 192.0.2.9
    port: 53
    mode: dr
    scheduler: mh
    servers: [{address: 10.0.0.31}]
    checks: [{kind: tcp, rise: 1, fall: 1}]
monitor:
  log: {format: ${format}}
`;

/** The lines of a run in which everything happens, oldest first. */
async function everything(format: 'text' | 'json'): Promise<string[]> {
  let output = '';
  let local = new Set(['eth0 192.0.2.1']);
  const monitor = stage(
    {},
    {
      createLogOutput: () => ({ write: (text) => (output += text) }),
      localAddresses: () => local,
    },
  );
  const { down, pass, signal, ask, texts, backend, runtime } = monitor;
  const file = fileOf(format);
  const [web] = desiredServices(readConfig(file, 'web.yaml'));
  const [first, second] = web?.destinations ?? [];
  if (!web || !first || !second) throw new Error('two servers are needed');
  const { id } = web.service;
  const reload = async (text: string) => {
    texts.file = text;
    signal('SIGHUP');
    await pass(10_000);
  };
  const fail = async (...servers: string[]) => {
    down.clear();
    for (const server of servers) down.add(server);
    await pass(10_000);
  };

  texts.file = file;
  const ended = monitor.run();
  await pass(10_000);
  await fail('10.0.0.1:8080', '10.0.0.21:25');
  await fail('10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.21:25', '10.0.0.22:25');
  await fail('10.0.0.22:25');
  await fail();
  await ask(say('drained', '10.0.0.1', 'new disk'));
  await ask(say('disabled', '10.0.0.2', 'kernel update'));
  await ask(say(null, '10.0.0.1'));
  await backend.apply([
    { kind: 'edit-destination', id, destination: { ...first, weight: 7 } },
    { kind: 'add-destination', id, destination: { ...second, port: 8081 } },
  ]);
  await pass(10_000);
  await reload(fileOf(format, ['10.0.0.1']));
  await reload(file.replace('nat', 'NAT'));

  const { probe } = runtime;
  const mutable = runtime as { probe: typeof probe };
  mutable.probe = async () => ({ outcome: 'pass', weight: 0 });
  await pass(10_000);
  mutable.probe = async () => ({ outcome: 'error', reason: 'too many open files' });
  await pass(10_000);
  mutable.probe = probe;
  await pass(10_000);

  const apply = backend.apply.bind(backend);
  backend.apply = async (changes) =>
    changes.map(({ kind }) =>
      kind === 'add-destination' ? new IpvsError(kind, 'ENOMEM') : undefined,
    );
  await reload(fileOf(format, ['10.0.0.1', '10.0.0.3']));
  backend.apply = apply;
  await reload(file.replace('{min_up: 0.5}', '{damping: {downs: 2}}'));
  for (let i = 0; i < 2; i++) {
    await fail('10.0.0.21:25');
    await fail();
  }
  await reload(anycast(format));
  await fail('10.0.0.31:53');
  await fail();
  await reload(`${file}  pause_on_standby: true\n`);
  local = new Set(['eth0 192.0.2.7']);
  await pass(2000);
  local = new Set(['eth0 192.0.2.1']);
  await pass(2000);
  signal('SIGTERM');
  await pass(20_000);
  await ended;
  return output.trimEnd().split('\n');
}

/** The first line of each event. */
function examples(lines: readonly string[], nameIn: (line: string) => string | undefined) {
  const found = new Map<string, string>();
  for (const line of lines) {
    const name = nameIn(line);
    if (name !== undefined && !found.has(name)) found.set(name, line);
  }
  return NAMES.map((name) => found.get(name) ?? expect.fail(`no event ${name}`));
}

test('the page is the table, with examples of a run', async () => {
  const text = examples(await everything('text'), (line) =>
    NAMES.find((name) =>
      new RegExp(`^[^:]+:\\d\\d:[\\d.]+Z (?:\\S+ (?:\\S+ )?)?${name}(?::|$)`).test(line),
    ),
  );
  const json = examples(
    await everything('json'),
    (line) => (JSON.parse(line) as { event: string }).event,
  );
  const rows = NAMES.map((name) => {
    const { hook, means } = EVENTS[name];
    return `| \`${name}\` | ${hook ? 'yes' : ''} | ${means} |`;
  });
  const fence = (lines: readonly string[]) => `\`\`\`\n${lines.join('\n')}\n\`\`\``;
  const parts = new Map([
    ['events', ['| event | hook | when |', '|---|---|---|', ...rows].join('\n')],
    ['text', fence(text)],
    ['json', fence(json)],
  ]);
  await expect(withParts(readFileSync(PAGE, 'utf8'), parts)).toMatchFileSnapshot(`../../${PAGE}`);
});
