// npm run bench:faults: lvsctl monitor beside Debian's keepalived, on the same faults at the same
// instant, in the lab. Two directors in front of the same two real servers, each with a client of
// its own that asks twenty times a second; prints the table of docs/contributing/performance.md.
//
// Both check every second over HTTP, with a time limit of a second, take a server out after the
// second failure in a row and take it back after one pass. `-- ROUNDS damped` plays flapping alone:
// ours holds a server out for 20 s that was taken out twice within a minute.
import { setTimeout as pause } from 'node:timers/promises';
import type { Streamed } from '../kernel/agent.js';
import { prepareHost, sh } from '../kernel/host.js';
import { type Director, director, makeNetwork, removeNetwork, SERVERS, type Site } from './site.js';

/** of one director in one round */
interface Seen {
  /** seconds from the fault to the first table without the server, and from its end to its return */
  readonly out: number | undefined;
  readonly back: number | undefined;
  readonly failed: number;
  readonly asked: number;
}

const ROUNDS = Number(process.argv[2] ?? 3);
const DAMPED = process.argv[3] === 'damped';
const HEALTH = DAMPED ? 'health: {damping: {downs: 2, within: 60, hold: 20}}' : '';
const [FAULT_MS, REPAIRED_MS, POLL_MS] = [7000, 4500, 20];

prepareHost();
sh('/sbin/modprobe', 'ip_vs_wrr');
const site = await makeNetwork();
const directors = [director('lvsctl monitor', site, HEALTH), director('keepalived', site)];
try {
  for (const one of directors) one.start();
  await whole(directors);
  console.log('| fault | | out after | failed requests | back after |\n|---|---|---|---|---|');
  for (const [name, begin, end] of faultsOf(site)) {
    if (DAMPED && !name.startsWith('flapping')) continue;
    const rounds: (readonly Seen[])[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await round(directors, begin, end));
    for (const [i, one] of directors.entries())
      print(
        name,
        one,
        rounds.map((seen) => seen[i] as Seen),
      );
  }
  if (!DAMPED) {
    await reload(directors);
    await killed(directors);
  }
} finally {
  for (const one of directors) one.end();
  removeNetwork();
}
process.exit();

type Fault = readonly [name: string, begin: () => Promise<unknown>, end: () => Promise<unknown>];

function faultsOf({ behave, cable }: Site): readonly Fault[] {
  const well = () => behave(0, 'well');
  return [
    ['process killed', () => behave(0, 'refuses'), well],
    ['hung', () => behave(0, 'hangs'), well],
    ['link cut', () => cable(0, 'down'), () => cable(0, 'up')],
    ['status 500', () => behave(0, 'status 500'), well],
    ['slow (1.5 s)', () => behave(0, 'slow'), well],
    [
      'flapping (1.5 s bad, 1.5 s good)',
      async () => {
        for (let i = 0; i < 5; i++) {
          await behave(0, 'status 500');
          await pause(1500);
          await well();
          await pause(1500);
        }
      },
      well,
    ],
    [
      'both down',
      () => Promise.all([behave(0, 'refuses'), behave(1, 'refuses')]),
      () => Promise.all([well(), behave(1, 'well')]),
    ],
  ];
}

/** One fault at a random moment, and its end; the clients ask all the time. */
async function round(
  all: readonly Director[],
  begin: () => Promise<unknown>,
  end: () => Promise<unknown>,
): Promise<readonly Seen[]> {
  for (const one of all) await one.stream();
  await pause(1000 + Math.random() * 1000);
  const watches = all.map((one) => watch(one));
  const from = Date.now();
  await begin();
  const rest = FAULT_MS - (Date.now() - from);
  if (rest > 0) await pause(rest);
  const repaired = Date.now();
  await end();
  await pause(REPAIRED_MS);
  const streams: (readonly Streamed[])[] = [];
  for (const one of all) streams.push(await one.streamEnd());
  const seen = watches.map(({ stop }, i): Seen => {
    const changes = stop();
    const without = changes.find(({ at, servers }) => at >= from && !servers.has(SERVERS[0]));
    const returned = changes.find(({ at, servers }) => at >= repaired && servers.has(SERVERS[0]));
    const stream = streams[i] ?? [];
    return {
      out: without && (without.at - from) / 1000,
      back: without && returned && (returned.at - repaired) / 1000,
      failed: stream.filter(({ answer }) => !site.names.includes(answer)).length,
      asked: stream.length,
    };
  });
  await whole(all);
  return seen;
}

/** Looks at a table again and again. @returns what ends that, with its changes */
function watch(one: Director) {
  const changes: { readonly at: number; readonly servers: ReadonlySet<string> }[] = [];
  let last: string | undefined;
  const timer = setInterval(() => {
    const servers = one.serving();
    const text = [...servers].sort().join();
    if (text !== last) changes.push({ at: Date.now(), servers });
    last = text;
  }, POLL_MS);
  return {
    stop() {
      clearInterval(timer);
      return changes;
    },
  };
}

function print(name: string, { program }: Director, rounds: readonly Seen[]): void {
  const range = (values: readonly (number | undefined)[]) => {
    const known = values.filter((value): value is number => value !== undefined);
    if (known.length === 0) return '–';
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    return `${mean.toFixed(2)} s (${Math.min(...known).toFixed(2)}–${Math.max(...known).toFixed(2)})`;
  };
  const mean = (pick: (seen: Seen) => number) =>
    rounds.reduce((sum, seen) => sum + pick(seen), 0) / rounds.length;
  const failed = `${mean(({ failed: n }) => n).toFixed(1)} of ${mean(({ asked: n }) => n).toFixed(0)}`;
  console.log(
    `| ${name} | ${program} | ${range(rounds.map(({ out }) => out))} | ${failed} | ${range(rounds.map(({ back }) => back))} |`,
  );
}

/** Another file with another weight, while the clients ask. */
async function reload(all: readonly Director[]): Promise<void> {
  for (const one of all) {
    await one.stream();
    await pause(1000);
    one.reload(3);
    await pause(4000);
    const stream = await one.streamEnd();
    const failed = stream.filter(({ answer }) => !site.names.includes(answer)).length;
    const taken = one.serving().has(`${SERVERS[1]} 3`) ? '' : ' (not in force)';
    console.log(
      `| reload, a weight changed${taken} | ${one.program} | | ${failed} of ${stream.length} | |`,
    );
  }
}

/** `kill -9` of the daemon, and its next start three seconds later. */
async function killed(all: readonly Director[]): Promise<void> {
  for (const one of all) {
    await one.stream();
    await pause(1000);
    one.kill();
    await pause(3000);
    const left = [...one.serving()].filter((name) => !name.includes(' ')).length;
    one.start();
    await pause(5000);
    const stream = await one.streamEnd();
    const failed = stream.filter(({ answer }) => !site.names.includes(answer)).length;
    console.log(
      `| kill -9 of the daemon, started again after 3 s | ${one.program} | ${left} of 2 servers left in the table | ${failed} of ${stream.length} | |`,
    );
  }
}

/** Until both servers serve at both directors. */
async function whole(all: readonly Director[]): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (all.every((one) => SERVERS.every((server) => one.serving().has(server)))) return;
    await pause(100);
  }
  throw new Error('the tables are not whole');
}
