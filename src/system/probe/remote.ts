// Probes that go out from another network namespace, by a process of ours inside it: specs and
// outcomes as lines of JSON.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { findProgram } from '../machine.js';
import { netnsIdentity } from '../netns.js';
import { attempt, type Open, outcomeOf, reasonOf } from './attempt.js';
import { notMade, PASS, type ProbeOutcome, type ProbeTarget } from './outcome.js';
import { spawnWithRoom } from './spawn.js';
import type { Probe, ProbeSpec } from './spec.js';

/** The argument that makes lvsctl such a process. */
export const WORKER_ARG = '--probe-worker';

/** A line to the process inside, after the first. */
export interface ProbeRequest {
  readonly id: number;
  readonly spec: ProbeSpec;
  readonly target: ProbeTarget;
}

/** A line from the process inside; the one with the id READY has a pass. */
export interface ProbeReply {
  readonly id: number;
  readonly outcome: ProbeOutcome;
}

/** The process inside: its first line reports that it is ready. */
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
export function createRemote(netns: string, open: Open): { readonly probe: Probe; end(): void } {
  const remote = new Remote(netns, open);
  return {
    probe: (spec, target) => remote.probe(spec, target),
    end: () => remote.end(),
  };
}

class Remote {
  readonly #netns: string;
  readonly #open: Open;
  readonly #ended: ProbeOutcome;
  readonly #pending = new Map<number, (outcome: ProbeOutcome) => void>();
  readonly #lastPorts = new Map<number, number>();
  #inside: Inside | undefined;
  #endedAt = Number.NEGATIVE_INFINITY;
  #serial = 0;

  constructor(netns: string, open: Open) {
    this.#netns = netns;
    this.#open = open;
    this.#ended = notMade(`the process in network namespace ${netns} ended`);
  }

  async probe(spec: ProbeSpec, target: ProbeTarget): Promise<ProbeOutcome> {
    const inside = this.#insideNow();
    if ('outcome' in inside) return inside;
    // its start is not the server's time
    const start = await attempt(this.#open, START_LIMIT_MS, ({ done, await: waitFor }) => {
      waitFor(`process in network namespace ${this.#netns}`);
      void inside.ready.then(() => done(PASS));
    });
    if (start.outcome !== 'pass') return notMade(start.reason);
    return this.#ask(inside.child, spec, target);
  }

  end(): void {
    this.#inside?.child.kill();
  }

  /** @returns the process in the namespace of this name, started where there is none */
  #insideNow(): Inside | ProbeOutcome {
    const netns = this.#netns;
    if (this.#inside === undefined && performance.now() - this.#endedAt < PAUSE_MS)
      return this.#ended;
    const identity = netnsIdentity(netns);
    if (identity !== this.#inside?.netns) this.#inside?.child.kill('SIGKILL');
    if (identity === undefined) return notMade(`there is no network namespace ${netns}`);
    if (this.#inside !== undefined && identity !== this.#inside.netns)
      return notMade(`network namespace ${netns} is another one now`);
    try {
      this.#inside ??= this.#begin(identity);
      return this.#inside;
    } catch (error) {
      return notMade(reasonOf(outcomeOf(error)) ?? '');
    }
  }

  #begin(identity: string): Inside {
    const self = [process.execPath, ...process.execArgv, process.argv[1] ?? '', WORKER_ARG];
    const child = spawnWithRoom(
      findProgram('ip') ?? 'ip',
      ['netns', 'exec', this.#netns, ...self],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    let isReady = () => {};
    const ready = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    const over = () => {
      if (this.#inside?.child === child) this.#inside = undefined;
      this.#endedAt = performance.now();
      isReady();
      for (const answer of this.#pending.values()) answer(this.#ended);
    };
    child.once('error', over).once('exit', over);
    // absent when it could not be started, against their type
    const [questions, answers]: readonly [
      Writable | null | undefined,
      Readable | null | undefined,
    ] = [child.stdin, child.stdout];
    questions?.on('error', () => {}); // it ended, which `exit` reports
    questions?.write(`${JSON.stringify({ netns: identity } satisfies Placement)}\n`);
    if (answers) {
      createInterface({ input: answers }).on('line', (line) => {
        const { id, outcome } = JSON.parse(line) as ProbeReply;
        if (id === READY) isReady();
        else this.#pending.get(id)?.(outcome);
      });
    }
    return { child, netns: identity, ready };
  }

  async #ask(child: ChildProcess, spec: ProbeSpec, target: ProbeTarget): Promise<ProbeOutcome> {
    let answered = false;
    const limit = target.timeoutMs + GRACE_MS;
    const found = await attempt(this.#open, limit, ({ done, onEnd }) => {
      const id = ++this.#serial;
      this.#pending.set(id, (outcome) => {
        answered = true;
        done(outcome);
      });
      onEnd(() => {
        this.#pending.delete(id);
        // it keeps the time limit itself as long as it does anything at all
        if (!answered && !this.#open.over) child.kill('SIGKILL');
      });
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
        done(this.#ended);
      else {
        const request: ProbeRequest = { id, spec, target: this.#targetInside(target) };
        child.stdin?.write(`${JSON.stringify(request)}\n`);
      }
    });
    return answered || found.outcome === 'error'
      ? found
      : notMade(`the process in network namespace ${this.#netns} does not answer`);
  }

  /**
   * The target as the process inside sees it: from the next port of the range, so that a connection
   * that is being closed does not block the next.
   */
  #targetInside({ ports, netns: _, ...target }: ProbeTarget): ProbeTarget {
    if (ports === undefined) return target;
    const [from, to] = ports;
    const last = this.#lastPorts.get(from) ?? to;
    const localPort = last >= to ? from : last + 1;
    this.#lastPorts.set(from, localPort);
    return { ...target, localPort };
  }
}
