// Which VIPs BIRD announces: those whose services are all up, on a director that is not drained.
import { dirname, join } from 'node:path';
import { type Address, formatAddress } from '../../../model/address.js';
import { vipsOf } from '../../config/desired.js';
import type { Config } from '../../config/file.js';
import { birdcArgs, protocolOf } from '../../ha/bird.js';
import type { Runtime } from '../runtime.js';
import type { MonitorEvent } from '../state/events.js';
import type { MonitorState } from '../state/state.js';

const BIRDC = '/usr/sbin/birdc';
const TIMEOUT_MS = 3000;
const POLL_MS = 500;
/** BIRD withdraws all VIPs when it is started again */
const REPEAT_MS = 5000;

export interface AnnounceParts {
  readonly runtime: Pick<Runtime, 'clock' | 'run' | 'readFile'>;
  readonly emit: (event: MonitorEvent) => void;
  readonly config: () => Config;
  readonly state: () => MonitorState;
  /** the monitor's state file; the mark of a drained director is beside it */
  readonly stateFile: string;
}

interface Announced {
  readonly on: boolean;
  /** clock milliseconds of the last command that succeeded */
  readonly at: number;
}

/**
 * Keeps BIRD's protocols as the services are. Does nothing for a file without engine bird.
 * @returns what ends it; the VIPs stay as they are, as the rules do
 */
export function announceVips(parts: AnnounceParts): () => void {
  const { clock } = parts.runtime;
  const known = new Map<string, Announced>();
  let problem: string | undefined;
  let ended = false;
  let cancel = () => {};

  async function tick(): Promise<void> {
    const failures: string[] = [];
    for (const { ha, address, on } of desiredVips(parts)) {
      const vip = formatAddress(address);
      const before = known.get(vip);
      if (before?.on === on && clock.now() - before.at < REPEAT_MS) continue;
      const args = birdcArgs(ha, on ? 'enable' : 'disable', protocolOf(address));
      const reason = await parts.runtime.run([BIRDC, ...args], {}, TIMEOUT_MS);
      if (ended) return;
      if (reason !== undefined) {
        failures.push(`VIP ${vip}: ${reason}`);
        continue;
      }
      known.set(vip, { on, at: clock.now() });
      if (before?.on !== on) parts.emit({ event: on ? 'announced' : 'withdrawn', vip });
    }
    report(failures[0]);
    cancel = clock.after(POLL_MS, () => void tick());
  }

  /** Each reason once. */
  function report(failure: string | undefined): void {
    if (failure !== undefined && failure !== problem)
      parts.emit({ event: 'error', reason: failure });
    if (failure === undefined && problem !== undefined) parts.emit({ event: 'recovered' });
    problem = failure;
  }

  void tick();
  return () => {
    ended = true;
    cancel();
  };
}

/** A VIP that BIRD is to announce, or not. */
interface DesiredVip {
  readonly ha: NonNullable<Config['ha']>;
  readonly address: Address;
  readonly on: boolean;
}

/** The VIPs of a file with engine bird; those of which nothing is known yet are missing. */
function desiredVips({ config, state, runtime, stateFile }: AnnounceParts): DesiredVip[] {
  const { ha, vips } = config();
  if (ha?.engine !== 'bird') return [];
  if (isStandby(runtime, stateFile)) return vips.map(({ address }) => ({ ha, address, on: false }));
  const { services } = state();
  return vips.flatMap(({ address }) => {
    const vip = formatAddress(address);
    const ups = services
      .filter(({ spec }) => vipsOf(spec.source).some((one) => formatAddress(one) === vip))
      .map(({ up }) => up);
    if (ups.includes(undefined) && !ups.includes(false)) return [];
    return [{ ha, address, on: !ups.includes(false) }];
  });
}

function isStandby(runtime: Pick<Runtime, 'readFile'>, stateFile: string): boolean {
  try {
    return runtime.readFile(join(dirname(stateFile), 'standby'))?.text.trim() === '1';
  } catch {
    return false; // unreadable: `lvsctl ha drain` could not have made it so
  }
}
