// docs/explanation/health-model.md and reconciliation.md walk through the monitor's data with values
// of the real state; the same command with -u writes them anew.
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/lvsctl/config/read.js';
import { renderEvent } from '../../src/lvsctl/monitor/state/events.js';
import type { Input } from '../../src/lvsctl/monitor/state/input.js';
import { emptyState, reduce } from '../../src/lvsctl/monitor/state/reduce.js';
import type { MonitorState, ServerState } from '../../src/lvsctl/monitor/state/state.js';
import { desiredTable } from '../../src/lvsctl/monitor/table/desired.js';
import { reconcile } from '../../src/lvsctl/monitor/table/reconcile.js';
import type { Change } from '../../src/model/change.js';
import { serverKey, type Table, withChanges } from '../../src/model/table.js';
import { changeArguments } from '../../src/render/rules.js';
import { withParts } from './page.js';

const WEB = 'tcp 192.0.2.10:80';
const CHECK = 'http /health';
const fileOf = (...servers: string[]) => `
vips: [{address: 192.0.2.10, interface: eth0}]
services:
  - name: web
    address: 192.0.2.10
    port: 80
    mode: dr
    servers: [${servers.map((address) => `{address: ${address}, weight: 2}`).join(', ')}]
    checks: [{kind: http, path: /health, rise: 2, fall: 2}]
`;
const configOf = (...servers: string[]) => readConfig(fileOf(...servers), 'lvs.yaml');

/** A monitor whose writes take effect at once. */
function monitor() {
  let state: MonitorState = emptyState(configOf('192.0.2.11', '192.0.2.12'));
  let table: Table = new Map();
  let now = 0;
  function step(input: Input): string[] {
    const { state: next, events } = reduce(state, input, now);
    state = next;
    return events.map((event) => renderEvent(event, new Date(now), 'text').slice(25).trim());
  }
  return {
    at(ms: number) {
      now = ms;
    },
    step,
    config: (...servers: string[]) => step({ kind: 'config', config: configOf(...servers), table }),
    result(server: string, reason?: string) {
      const check = serverOf(state, server).checks[0]?.key ?? '';
      const outcome = reason === undefined ? 'pass' : 'fail';
      return step({
        kind: 'result',
        service: WEB,
        server,
        check,
        result: { outcome, latencyMs: 4, ...(reason === undefined ? {} : { reason }) },
      });
    },
    admin: (server: string, state: 'drained' | 'disabled') =>
      step({
        kind: 'admin',
        servers: [{ service: WEB, server }],
        admin: {
          state,
          reason: 'new disk',
          by: 'alice',
          since: '2026-01-01T00:00:20.000Z',
          until: undefined,
        },
      }),
    server: (name: string) => serverOf(state, name),
    orphans: () =>
      [...state.orphans.servers].flatMap(([service, servers]) =>
        [...servers.keys()].map((server) => `${service} ${server}`),
      ),
    desired: () =>
      Object.fromEntries(
        [...(desiredTable(state, now).services[0]?.servers ?? [])].map(([name, one]) => [
          name,
          { role: one.role, weight: one.destination?.weight, byAdmin: one.byAdmin },
        ]),
      ),
    /** Writes as the loop does. @returns the changes, as commands */
    write(): string[] {
      step({ kind: 'table', table });
      const plans = reconcile(desiredTable(state, now), table, state.tolerated);
      const changes = [
        ...plans.flatMap(({ additions }) => additions),
        ...plans.flatMap(({ removals }) => removals),
      ];
      const before = table;
      table = withChanges(table, changes);
      step({
        kind: 'applied',
        before,
        table,
        keys: new Set(table.keys()),
        written: new Set([WEB]),
        refusals: [],
      });
      return changes.map(command);
    },
    table: () =>
      (table.get(WEB)?.destinations ?? []).map((one) => `${serverKey(one)} weight ${one.weight}`),
  };
}

function serverOf({ services }: MonitorState, name: string): ServerState {
  const found = services.flatMap(({ servers }) => servers).find(({ key }) => key === name);
  return found ?? expect.fail(`no server ${name}`);
}

function command(change: Change): string {
  return ['ipvsadm', ...(changeArguments(change) ?? [])].join(' ');
}

/** What the pages show of a server. */
function shown({ key, checks, up, since, forcedUp, admin, rampSince, lastError }: ServerState) {
  return {
    key,
    checks: checks.map(({ up, streak, unknown, last }) => ({
      check: CHECK,
      up,
      streak,
      unknown,
      last: last?.reason ?? last?.outcome,
    })),
    up,
    since,
    forcedUp,
    admin: admin && { state: admin.state, reason: admin.reason, by: admin.by },
    rampSince,
    lastError,
  };
}

const value = (name: string, what: unknown) =>
  `${name}: ${inspect(what, { depth: 9, breakLength: 96, sorted: false })}`;
const list = (name: string, lines: readonly string[]) =>
  lines.length === 0 ? `${name}: none` : lines.map((line) => `${name}: ${line}`).join('\n');
const fence = (...lines: string[]) => `\`\`\`\n${lines.join('\n')}\n\`\`\``;

async function compare(path: string, parts: Record<string, string>): Promise<void> {
  const page = withParts(readFileSync(path, 'utf8'), new Map(Object.entries(parts)));
  await expect(page).toMatchFileSnapshot(`../../${path}`);
}

/** Two servers that are up and in the table. */
function running() {
  const one = monitor();
  one.config('192.0.2.11', '192.0.2.12');
  one.result('192.0.2.11:80');
  one.result('192.0.2.12:80');
  one.write();
  return one;
}

test('a result, an override', async () => {
  const one = running();
  const before = value('server', shown(one.server('192.0.2.11:80')));
  one.at(5000);
  const first = one.result('192.0.2.11:80', 'connection refused');
  const firstServer = value('server', shown(one.server('192.0.2.11:80')));
  one.at(10_000);
  const second = one.result('192.0.2.11:80', 'connection refused');
  const secondServer = value('server', shown(one.server('192.0.2.11:80')));
  const desired = value('desired', one.desired());
  const written = one.write();
  expect(one.table()).toEqual(['192.0.2.12:80 weight 2']);
  one.at(20_000);
  const override = one.admin('192.0.2.12:80', 'drained');
  const drained = value('server', shown(one.server('192.0.2.12:80')));
  await compare('docs/explanation/health-model.md', {
    before: fence(before),
    'first failure': fence(firstServer, list('event', first)),
    'second failure': fence(secondServer, list('event', second)),
    desired: fence(desired, list('change', written)),
    override: fence(
      drained,
      list('event', override),
      value('desired', one.desired()),
      list('change', one.write()),
    ),
  });
});

test('a reload', async () => {
  const one = running();
  const before = list('table', one.table());
  one.at(30_000);
  one.config('192.0.2.12', '192.0.2.13');
  const kept = value('server', shown(one.server('192.0.2.12:80')));
  const fresh = value('server', shown(one.server('192.0.2.13:80')));
  const orphans = list('orphan', one.orphans());
  const firstWrite = one.write();
  const between = list('table', one.table());
  one.at(30_010);
  const event = one.result('192.0.2.13:80');
  const secondWrite = one.write();

  const other = running();
  other.at(30_000);
  other.config('192.0.2.13');
  const waiting = list('orphan', other.orphans());
  const waitingWrite = list('change', other.write());
  other.at(30_010);
  const served = list('event', other.result('192.0.2.13:80'));
  await compare('docs/explanation/reconciliation.md', {
    before: fence(before),
    reloaded: fence(kept, fresh, orphans),
    'first write': fence(list('change', firstWrite), between),
    'first result': fence(
      list('event', event),
      list('change', secondWrite),
      list('table', one.table()),
    ),
    'nothing stays': fence(waiting, waitingWrite, served, list('change', other.write())),
  });
});
