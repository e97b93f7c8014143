// The steps of a packet's path, as plain data that prints as JSON and as text.
import type { Address, Family } from '../../model/address.js';
import type { LinkFact } from '../facts/types.js';
import type { Decider } from '../filter/evaluate.js';
import type { ShownServer, ShownService } from '../show/table.js';

export type PathOutcome = 'pass' | 'lost' | 'unknown';

/** A packet on its path. Bytes are those of the IP packet. */
export interface PathPacket {
  readonly family: Family;
  readonly protocol: string;
  readonly source: Address;
  /** undefined = any */
  readonly sourcePort: number | undefined;
  readonly destination: Address;
  readonly destinationPort: number;
  readonly mark: number;
  /** time to live, or hop limit */
  readonly ttl: number;
  /** MACs on the link; null = not known here */
  readonly sourceMac: string | null;
  readonly destinationMac: string | null;
  readonly tunnel: OuterHeader | undefined;
}

/** What a tunnel puts around a packet. */
export interface OuterHeader {
  readonly type: string;
  readonly source: Address | undefined;
  readonly destination: Address;
  /** UDP port of gue */
  readonly port: number | undefined;
  /** bytes that it adds */
  readonly bytes: number;
  /** it has a checksum of its own; undefined = not known */
  readonly checksum?: boolean;
}

export type PathStage =
  | 'arrival'
  | 'prerouting'
  | 'routing'
  | 'source'
  | 'input'
  | 'service'
  | 'server'
  | 'forward'
  | 'output'
  | 'neighbour'
  | 'size'
  | 'tunnel'
  | 'listener'
  | 'answer'
  | 'end';

export interface PathHop {
  readonly machine: string;
  readonly stage: PathStage;
  readonly outcome: PathOutcome;
  /** one line: what happens here, and why */
  readonly what: string;
  /** of what is lost or unknown */
  readonly cause: LossCause | undefined;
  /** the packet as it leaves this step */
  readonly packet: PathPacket;
}

/** Why no device takes a packet out of its tunnel; what a repair needs. */
export type TunnelLack =
  | { readonly kind: 'down'; readonly device: string }
  /** no UDP port takes gue */
  | { readonly kind: 'port' }
  /** the sender is an address of the server too */
  | { readonly kind: 'sender' }
  /** the device whose ends fit, which drops such packets; `needs`: arguments of `ip link set` */
  | { readonly kind: 'unfit'; readonly device: LinkFact; readonly needs: readonly string[] }
  | { readonly kind: 'missing' };

/** Why a packet is lost, or why that is not known; what a repair needs. */
export type LossCause =
  | { readonly id: 'not-local'; readonly address: Address }
  | { readonly id: 'filter'; readonly hook: string; readonly by: Decider; readonly answer: boolean }
  | { readonly id: 'translated'; readonly by: Decider; readonly to: string }
  | { readonly id: 'no-service' }
  | { readonly id: 'backup-only' }
  | { readonly id: 'no-server'; readonly service: ShownService }
  | { readonly id: 'hash'; readonly service: ShownService; readonly server: ShownServer }
  | { readonly id: 'no-route'; readonly to: Address; readonly because: string | undefined }
  /** `fits`: the largest segment that does */
  | { readonly id: 'size'; readonly fits: number; readonly device: string }
  | { readonly id: 'link'; readonly device: string }
  | { readonly id: 'router'; readonly server: Address; readonly via: Address }
  | {
      readonly id: 'neighbour';
      readonly address: Address;
      readonly device: string;
      /** its MAC was set by hand */
      readonly isPermanent?: boolean;
    }
  | { readonly id: 'source'; readonly device: string; readonly kind: 'strict' | 'address' | 'own' }
  | { readonly id: 'no-tunnel'; readonly outer: OuterHeader; readonly lack: TunnelLack }
  | { readonly id: 'listener'; readonly address: Address; readonly port: number }
  | {
      readonly id: 'wide';
      readonly device: string;
      readonly address: Address;
      readonly prefix: number;
    }
  | { readonly id: 'forwarding'; readonly key: string }
  | { readonly id: 'gateway'; readonly via: Address | undefined; readonly director: string }
  | { readonly id: 'same-network'; readonly client: Address }
  | { readonly id: 'one-packet' }
  | { readonly id: 'spoofed'; readonly director: string }
  /** neighbours get no answer for an address of the director */
  | { readonly id: 'silent'; readonly address: Address; readonly device: string }
  | { readonly id: 'arp'; readonly machine: string; readonly address: Address }
  | { readonly id: 'no-facts'; readonly address: Address }
  | { readonly id: 'rule'; readonly text: string };

/** The last step decides: what is lost stays lost. */
export function outcomeOf(hops: readonly PathHop[]): PathOutcome {
  return hops.find(({ outcome }) => outcome === 'lost')
    ? 'lost'
    : hops.some(({ outcome }) => outcome === 'unknown')
      ? 'unknown'
      : 'pass';
}

/** Collects the steps on one machine. */
export class Steps {
  readonly hops: PathHop[] = [];
  constructor(
    readonly machine: string,
    public packet: PathPacket,
  ) {}

  pass(stage: PathStage, what: string): void {
    this.#add(stage, 'pass', what, undefined);
  }
  lost(stage: PathStage, what: string, cause: LossCause): void {
    this.#add(stage, 'lost', what, cause);
  }
  unknown(stage: PathStage, what: string, cause: LossCause): void {
    this.#add(stage, 'unknown', what, cause);
  }
  get isLost(): boolean {
    return this.hops.some(({ outcome }) => outcome === 'lost');
  }

  #add(stage: PathStage, outcome: PathOutcome, what: string, cause: LossCause | undefined): void {
    this.hops.push({ machine: this.machine, stage, outcome, what, cause, packet: this.packet });
  }
}
