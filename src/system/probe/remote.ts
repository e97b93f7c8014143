// Probes that go out from another network namespace, by a process of ours inside it: questions and
// answers as lines of JSON.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { findProgram } from '../machine.js';
import { netnsIdentity } from '../netns.js';
import { attempt, type Open, type Target, type Verdict, verdictOf, wordsOf } from './attempt.js';
import type { HttpQuestion } from './http.js';
import type { SystemProbes } from './probes.js';
import { spawnWithRoom } from './spawn.js';
import type { UdpQuestion } from './udp.js';

/** The argument that makes lvsctl such a process. */
export const WORKER_ARG = '--probe-worker';

/**
 * The kinds that can begin at a port of our choice, by which the namespace finds the way to one
 * server.
 */
export type Remote = Pick<SystemProbes, 'tcp' | 'http' | 'udp' | 'smtp'>;

export type RemoteQuestion =
  | { readonly kind: 'tcp'; readonly target: Target }
  | {
      readonly kind: 'http';
      readonly target: Target;
      readonly question: Omit<HttpQuestion, 'body'>;
      readonly body: string | null;
    }
  | { readonly kind: 'udp'; readonly target: Target; readonly question: UdpQuestion }
  | { readonly kind: 'smtp'; readonly target: Target; readonly helo: string };

/** The process inside: what it says first is that it is ready. */
interface Inside {
  readonly child: ChildProcess;
  /** the namespace it is in: the name may be another one's by now */
  readonly netns: string | undefined;
  readonly ready: Promise<void>;
}
export const READY = 0;

/** The first line to the process inside: the namespace that it was put into. */
export interface Placement {
  readonly netns: string;
}
const START_LIMIT_MS = 30_000;
/** between its end and its next start */
const PAUSE_MS = 1000;
/** beyond the time limit that the process keeps itself */
const GRACE_MS = 1000;

/**
 * @returns probes from a named network namespace; the process inside is started for the first one,
 *   and again when it has died
 */
export function createRemote(netns: string, open: Open): { readonly probes: Remote; end(): void } {
  const pending = new Map<number, (verdict: Verdict) => void>();
  const lastPorts = new Map<number, number>();
  const ended: Verdict = { trouble: `the process in network namespace ${netns} ended` };
  let inside: Inside | undefined;
  let endedAt = Number.NEGATIVE_INFINITY;
  let serial = 0;

  function begin(identity: string): Inside {
    const words = [
      'netns',
      'exec',
      netns,
      process.execPath,
      ...process.execArgv,
      process.argv[1] ?? '',
      WORKER_ARG,
    ];
    const started = spawnWithRoom(findProgram('ip') ?? 'ip', words, {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let isReady = () => {};
    const ready = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    const over = () => {
      if (inside?.child === started) inside = undefined;
      endedAt = performance.now();
      isReady();
      for (const answer of pending.values()) answer(ended);
    };
    started.once('error', over).once('exit', over);
    // absent when it could not be started, whatever their type says
    const [questions, answers]: readonly [
      Writable | null | undefined,
      Readable | null | undefined,
    ] = [started.stdin, started.stdout];
    questions?.on('error', () => {}); // it ended, which is told by `exit`
    questions?.write(`${JSON.stringify({ netns: identity } satisfies Placement)}\n`);
    if (answers) {
      createInterface({ input: answers }).on('line', (line) => {
        const { id, verdict } = JSON.parse(line) as {
          readonly id: number;
          readonly verdict: Verdict | null;
        };
        if (id === READY) isReady();
        else pending.get(id)?.(verdict ?? undefined);
      });
    }
    return { child: started, netns: identity, ready };
  }

  async function ask(question: RemoteQuestion): Promise<Verdict> {
    if (inside === undefined && performance.now() - endedAt < PAUSE_MS) return ended;
    const identity = netnsIdentity(netns);
    if (identity !== inside?.netns) inside?.child.kill('SIGKILL');
    if (identity === undefined) return { trouble: `there is no network namespace ${netns}` };
    if (inside !== undefined && identity !== inside.netns)
      return { trouble: `network namespace ${netns} is another one now` };
    try {
      inside ??= begin(identity);
    } catch (error) {
      return { trouble: wordsOf(verdictOf(error)) };
    }
    const { child, ready } = inside;
    // its start is not the server's time
    const verdict = await attempt(open, START_LIMIT_MS, ({ done, await: waitFor }) => {
      waitFor(`process in network namespace ${netns}`);
      void ready.then(() => done(undefined));
    });
    if (verdict !== undefined) return { trouble: wordsOf(verdict) };
    let answered = false;
    const found = await attempt(open, question.target.timeoutMs + GRACE_MS, ({ done, onEnd }) => {
      const id = ++serial;
      pending.set(id, (verdict) => {
        answered = true;
        done(verdict);
      });
      onEnd(() => {
        pending.delete(id);
        // it keeps the time limit itself as long as it does anything at all
        if (!answered && !open.over) child.kill('SIGKILL');
      });
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
        done(ended);
      else
        child.stdin?.write(
          `${JSON.stringify({ id, question: { ...question, target: withPort(question.target) } })}\n`,
        );
    });
    return answered || typeof found === 'object'
      ? found
      : { trouble: `the process in network namespace ${netns} does not answer` };
  }

  /**
   * The next port of the target's range, so that a connection on its way out does not stand in the
   * way of the next.
   */
  function withPort({ ports, ...target }: Target): Target {
    if (ports === undefined) return target;
    const [from, to] = ports;
    const last = lastPorts.get(from) ?? to;
    const localPort = last >= to ? from : last + 1;
    lastPorts.set(from, localPort);
    return { ...target, localPort };
  }

  return {
    probes: {
      tcp: (target) => ask({ kind: 'tcp', target }),
      http: (target, { body, ...question }) =>
        ask({ kind: 'http', target, question, body: body?.source ?? null }),
      udp: (target, question) => ask({ kind: 'udp', target, question }),
      smtp: (target, helo) => ask({ kind: 'smtp', target, helo }),
    },
    end: () => void inside?.child.kill(),
  };
}
