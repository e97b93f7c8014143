// Runs a command line inside this process, against any backend, and collects what it said.
import { readFileSync } from 'node:fs';
import type { Backend } from '../../src/backend/backend.js';
import { run } from '../../src/ipvsadm/run.js';
import type { IpvsadmWorld, ReadBytes } from '../../src/ipvsadm/world.js';
import { restoreScript, saveScript } from '../../src/ipvsadm/wrappers.js';
import { fixtureNames } from './names.js';
import type { Answer, Case } from './transcript.js';

const PROGRAMS = {
  ipvsadm: run,
  'ipvsadm-save': saveScript,
  'ipvsadm-restore': restoreScript,
} as const;

export interface Circumstances {
  readonly backend: Backend;
  readonly names?: IpvsadmWorld['names'];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly conn?: string | null | undefined;
  readonly refusals?: IpvsadmWorld['refusals'];
  readonly expectMuch?: () => void;
}

/** One command line in a world of its own. */
export async function answer(
  program: string,
  args: readonly string[],
  circumstances: Circumstances,
): Promise<Answer> {
  const {
    backend,
    names = fixtureNames(),
    stdin = '',
    env = {},
    conn,
    refusals,
    expectMuch,
  } = circumstances;
  const input = stdin === '' ? [] : [stdin];
  let stdout = '';
  let stderr = '';
  const world: IpvsadmWorld = {
    argv0: program,
    posix: env.POSIXLY_CORRECT !== undefined,
    refusals,
    ...(expectMuch && { expectMuch }),
    backend,
    names,
    read: () => input.shift() ?? '',
    interactive: async () => false,
    out: (text) => {
      stdout += text;
      return true;
    },
    err: (text) => {
      stderr += text;
    },
    outBytes: (bytes) => {
      stdout += Buffer.from(bytes).toString('latin1');
      return true;
    },
    openConnections: () =>
      conn === null
        ? undefined
        : bytesOf(
            conn === undefined ? readFileSync('/proc/net/ip_vs_conn') : Buffer.from(conn, 'latin1'),
          ),
    connectionsPath: '/proc/net/ip_vs_conn',
    connectionsChosen: conn !== undefined,
    trace: undefined,
    help: async (argv0) => (await import('../../src/ipvsadm/program.js')).helpText(argv0),
  };
  const status = await PROGRAMS[program as keyof typeof PROGRAMS](args, world);
  return { stdout, stderr, status };
}

/** A file that is handed out in pieces of odd sizes, so that lines are cut. */
function bytesOf(file: Buffer): ReadBytes {
  let from = 0;
  return (into, at) => {
    const got = file.copy(into, at, from, from + Math.min(997, into.length - at));
    from += got;
    return got;
  };
}

/** What happened in a case, in the shape in which it was recorded. */
export interface Outcome {
  readonly answers: readonly Answer[];
  readonly after: string;
}

/** Plays the steps of a case. */
export async function play(
  item: Case,
  backend: Backend,
  names?: IpvsadmWorld['names'],
): Promise<Outcome> {
  const common = { backend, env: item.env, conn: item.conn, ...(names ? { names } : {}) };
  const answers: Answer[] = [];
  for (const { program, args, stdin } of item.steps)
    answers.push(await answer(program, args, { ...common, stdin }));
  const after = await answer('ipvsadm', ['-S', '-n'], { backend });
  return { answers, after: after.stdout };
}

/**
 * What a case should give here: the recording, with the named deviation in place of its last
 * answer.
 */
export function expected(item: Case): Outcome {
  const answers = item.steps.map((step) => step.answer);
  if (item.deviation === undefined) return { answers, after: item.after };
  return { answers: [...answers.slice(0, -1), item.deviation.answer], after: item.deviation.after };
}
