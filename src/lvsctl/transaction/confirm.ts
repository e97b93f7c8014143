// The confirmation of a transaction: given by any process, waited for by the one that applied it.
import { LvsctlError } from '../errors.js';
import type { World } from '../world.js';
import { conclude, refuseHalf, timeOf, waiting } from './begin.js';
import type { TransactionEntry } from './entry.js';
import { takeBackPending } from './guard.js';
import { readEntry } from './history.js';
import { type Pending, readPending, removePending } from './pending.js';
import type { TransactionStore } from './store.js';
import { errorOf } from './transact.js';

const LOOK_MS = 200;
const NOT_CONFIRMED = 1;
const CTRL_C = '\x03';
const CTRL_D = '\x04';

/**
 * Keeps the transaction that waits. Under the lock, so that it is either this or the guard.
 * @throws NOT_FOUND when none waits; PENDING when it was interrupted
 */
export function confirmTransaction(store: TransactionStore, world: World): Pending {
  const release = store.lock();
  try {
    const pending = waiting(store, world);
    if (pending === undefined)
      throw new LvsctlError('NOT_FOUND', 'no transaction waits for its confirmation');
    const entry = readEntry(store.history, pending.entry);
    refuseHalf(entry, store);
    if (entry.outcome?.result === 'unconfirmed')
      conclude(store, entry, { result: 'done', time: timeOf(world), details: [] }, world);
    removePending(store.pending);
    return pending;
  } finally {
    release();
  }
}

/**
 * Waits until the transaction is confirmed, by the keyboard or by another process, or taken back.
 * ENTER, `y` and `yes` keep it; `n` and `no` take it back; Ctrl-C, Ctrl-D and a closed terminal
 * leave it to its guard.
 * @returns the exit status: 0 confirmed, 1 taken back, or left to its guard
 * @throws NOT_RESTORED when it could not be taken back; PENDING when the guard has ended
 */
export async function waitForConfirmation(
  number: number,
  store: TransactionStore,
  world: World,
): Promise<number> {
  const runtime = await world.runtime();
  const { until } = readPending(store.pending) ?? {};
  let answer: Answer;
  let wake = () => {};
  const giveBack = runtime.readKeys(
    answersOf(world.err, (given) => {
      answer ??= given;
      wake();
    }),
  );
  try {
    // only now: in the terminal's line mode Ctrl-D ends a line and never arrives as a key
    world.err(
      `lvsctl: transaction ${number} is taken back at ${until} unless it is confirmed: ` +
        `press ENTER, or \`lvsctl confirm\` in any shell\n`,
    );
    for (;;) {
      const pending = readPending(store.pending);
      if (pending?.entry !== number) return statusOf(readEntry(store.history, number), world);
      if (answer === 'leave') return leave(pending, world);
      if (answer === 'keep') confirmTransaction(store, world);
      else if (answer === 'take back') await takeBackPending(number, store, world);
      else if (pending.guard === null || store.isDead(pending.guard)) throw guardHasEnded(number);
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
          runtime.clock.after(LOOK_MS, resolve);
        });
    }
  } finally {
    giveBack();
  }
}

type Answer = 'keep' | 'take back' | 'leave' | undefined;

const ANSWERS: Readonly<Record<string, Answer>> = {
  '': 'keep',
  y: 'keep',
  yes: 'keep',
  n: 'take back',
  no: 'take back',
};
const ERASE = ['\x7f', '\b'];

/**
 * Keys as lines with an echo, and lines as answers. A line that is none asks again.
 * @returns what takes each key
 */
export function answersOf(
  echo: (text: string) => void,
  give: (answer: Answer) => void,
): (key: string) => void {
  let line = '';
  return (key: string) => {
    if (key === CTRL_C || key === CTRL_D) return give('leave');
    if (ERASE.includes(key)) {
      if (line !== '') echo('\b \b');
      line = line.slice(0, -1);
    } else if (key !== '\r' && key !== '\n') {
      line += key;
      if (key >= ' ') echo(key);
    } else {
      const answer = ANSWERS[line.trim().toLowerCase()];
      echo('\n');
      line = '';
      if (answer === undefined) echo('lvsctl: ENTER or y keeps it, n takes it back\n');
      else give(answer);
    }
  };
}

function leave({ entry, until }: Pending, { err }: World): number {
  err(
    `lvsctl: transaction ${entry} is not confirmed and is taken back at ${until}: ` +
      '`lvsctl confirm` keeps it\n',
  );
  return NOT_CONFIRMED;
}

function guardHasEnded(number: number): LvsctlError {
  return new LvsctlError(
    'PENDING',
    `the process that was to take transaction ${number} back has ended: nothing will be taken back`,
    `\`lvsctl confirm\` keeps it, \`lvsctl undo ${number}\` takes it back`,
  );
}

function statusOf({ number, outcome }: TransactionEntry, { err }: World): number {
  if (outcome?.result === 'done') {
    err(`lvsctl: transaction ${number} is confirmed\n`);
    return 0;
  }
  if (outcome?.result === 'partial') {
    const [error = '', ...differences] = outcome.details;
    throw errorOf({ kind: 'partial', error, differences });
  }
  err(`lvsctl: transaction ${number} is taken back\n`);
  return NOT_CONFIRMED;
}
