// lvsctl fleet apply|status: the file of all directors that follow a key of etcd.
import { readConfig } from '../config/read.js';
import { isRuleText } from '../config/recognise.js';
import { readRuleFile } from '../config/rulefile.js';
import { LvsctlError } from '../errors.js';
import { type DirectorReport, type FleetStore, keysOf, parseReport } from '../fleet/store.js';
import { jsonText } from '../json.js';
import type { Runtime } from '../monitor/runtime.js';
import type { Subcommand } from '../subcommand.js';
import { fleetTable } from '../view/fleet.js';
import type { World } from '../world.js';
import { duration } from './numbers.js';
import { addStoreOptions, etcdKey, openStore, type StoreOptions } from './store.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

interface ApplyOptions extends StoreOptions, VariableOptions {
  readonly expect?: string;
  /** seconds */
  readonly wait: number;
}
interface StatusOptions extends StoreOptions {
  readonly json?: boolean;
}

const WAIT_S = 60;
const POLL_MS = 200;
const NOT_ALL = 1;

export const configure: Subcommand['configure'] = (program, finish) => {
  addVariables(
    addStoreOptions(
      program
        .command('apply')
        .description('publish a file, and wait until every director has it in force')
        .argument('<file>', 'the lvsctl file or saved rules')
        .argument('<source>', 'etcd://HOST:PORT/KEY or etcds://HOST:PORT/KEY')
        .option('--expect <version>', 'only if this version is in place (0 = none)')
        .option('--wait <time>', 'how long the directors may take', duration, WAIT_S),
    ),
  ).action((file: string, source: string, options: ApplyOptions) =>
    finish((world) => apply(file, source, options, world)),
  );
  addStoreOptions(
    program
      .command('status')
      .description('show every director: its version, differences, services')
      .argument('<source>', 'etcd://HOST:PORT/KEY or etcds://HOST:PORT/KEY')
      .option('--json', 'print JSON'),
  ).action((source: string, options: StatusOptions) =>
    finish((world) => status(source, options, world)),
  );
};

async function apply(
  file: string,
  url: string,
  options: ApplyOptions,
  world: World,
): Promise<number> {
  const text = world.readText(file);
  if (isRuleText(text)) await readRuleFile(text, file, world.names);
  else readConfig(text, file, fileContext(options, world));
  const { store, source } = await openStore(url, options, world);
  const key = etcdKey(source, 'fleet apply');
  const there = (await store.get(key))?.version ?? '0';
  const expected = options.expect ?? there;
  const version = await store.replace(key, expected, text);
  if (version === undefined)
    throw new LvsctlError(
      'CONFLICT',
      `version ${(await store.get(key))?.version ?? '0'} is in place, not ${expected}: another ` +
        'one was published',
      'lvsctl fleet status shows it; publish again when this file is to replace it',
    );
  world.out(`version ${version} is published\n`);
  return waitForAll(version, key, store, options.wait, world);
}

/** Reports each director once it has ended its turn. @returns the exit status */
async function waitForAll(
  version: string,
  key: string,
  store: FleetStore,
  seconds: number,
  world: World,
): Promise<number> {
  const { clock } = await world.runtime();
  const end = clock.now() + seconds * 1000;
  const ended = new Map<string, DirectorReport>();
  const seen = new Set<string>();
  for (;;) {
    const reports = await reportsOf(store, key);
    for (const report of reports) {
      seen.add(report.name);
      if (report.tried !== version || ended.has(report.name)) continue;
      ended.set(report.name, report);
      world.out(`${report.name}: ${report.error ?? report.state}\n`);
    }
    // one that was there and is missing now is waited for too: it may come back with the old version
    const waiting = [...seen].filter((name) => !ended.has(name));
    if (seen.size > 0 && waiting.length === 0) break;
    const current = (await store.get(key))?.version ?? '0';
    if (current !== version) {
      world.err(`lvsctl: version ${version} was replaced by version ${current}\n`);
      return NOT_ALL;
    }
    if (clock.now() >= end) {
      world.err(lateText(waiting, reports, seconds));
      return NOT_ALL;
    }
    await pause(POLL_MS, clock);
  }
  return [...ended.values()].every(({ state }) => state === 'applied') ? 0 : NOT_ALL;
}

/** Which directors have not ended their turn. */
function lateText(
  waiting: readonly string[],
  reports: readonly DirectorReport[],
  seconds: number,
): string {
  if (waiting.length === 0) return 'lvsctl: no director follows this key\n';
  const isThere = (name: string) => reports.some((one) => one.name === name);
  const names = waiting.map((name) => (isThere(name) ? name : `${name} (missing)`));
  return `lvsctl: not after ${seconds} s: ${names.join(', ')}\n`;
}

function pause(ms: number, clock: Runtime['clock']): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

async function reportsOf(store: FleetStore, key: string): Promise<DirectorReport[]> {
  const entries = await store.list(keysOf(key).directors);
  return entries.flatMap((entry) => parseReport(entry) ?? []);
}

async function status(url: string, options: StatusOptions, world: World): Promise<number> {
  const { store, source } = await openStore(url, options, world);
  const key = etcdKey(source, 'fleet status');
  const version = (await store.get(key))?.version ?? null;
  const directors = await reportsOf(store, key);
  const now = world.now();
  if (options.json) world.out(`${jsonText({ version, directors }, 2)}\n`);
  else world.out(fleetTable({ version, directors }, now, world));
  const good = directors.every(
    (one) => one.state === 'applied' && one.version === version && !one.differences,
  );
  return good && directors.length > 0 ? 0 : NOT_ALL;
}
