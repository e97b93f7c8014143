// What an import makes of a file of another program, before it is written as an lvsctl file.
import type { Mode } from '../config/file.js';
import type { Remarks, SourcePlace } from './remark.js';

/** A check with its keys as the lvsctl file has them; undefined = left out. */
export type CheckEntry = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** Tunnel options with the keys of the lvsctl file. */
export interface TunnelEntry {
  readonly type: 'ipip' | 'gue' | 'gre';
  readonly port?: number;
  readonly checksum?: 'none' | 'checksum' | 'remote';
}

export interface MethodDraft {
  readonly mode: Mode;
  readonly tunnel?: TunnelEntry;
}

export interface ServerDraft extends SourcePlace {
  readonly address: string;
  /** 0 = the file has none */
  readonly port: number;
  readonly weight: number;
  readonly upper: number;
  readonly lower: number;
  /** that of the service when undefined */
  readonly method: MethodDraft | undefined;
  /** `port` of a check is written only where it is not that of the server */
  readonly checks: readonly CheckEntry[];
}

/** What clients ask for. `addresses` may hold ranges as the lvsctl file has them. */
export type PlaceDraft =
  | {
      readonly kind: 'address';
      readonly protocol: string;
      readonly addresses: readonly string[];
      readonly port: number;
    }
  | { readonly kind: 'mark'; readonly mark: number };

export interface ServiceDraft extends SourcePlace {
  /** proposed; made unique when it is written */
  readonly name: string | undefined;
  readonly where: PlaceDraft;
  readonly scheduler: string;
  readonly flags: readonly string[];
  readonly onePacket: boolean;
  readonly method: MethodDraft;
  readonly persistence:
    | {
        readonly timeout: number;
        readonly netmask?: string | number | undefined;
        readonly engine?: string | undefined;
      }
    | undefined;
  readonly quorum: number;
  readonly hysteresis: number;
  readonly quiesce: boolean;
  /** no checks while the VIP is elsewhere */
  readonly suspend: boolean;
  readonly servers: readonly ServerDraft[];
  readonly sorry:
    | (SourcePlace & {
        readonly address: string;
        readonly port: number;
        readonly method: MethodDraft | undefined;
      })
    | undefined;
}

export interface VipDraft {
  readonly address: string;
  readonly interface: string;
  readonly managed: boolean;
}

/** What a file states, in the keywords of the lvsctl file. */
export interface ImportDraft {
  readonly services: readonly ServiceDraft[];
  /** addresses whose interface the file names */
  readonly vips: readonly VipDraft[];
  readonly timeouts: Readonly<Record<string, number>> | undefined;
  readonly sync: readonly Readonly<Record<string, unknown>>[];
  /** keys of `monitor` */
  readonly monitor: Readonly<Record<string, unknown>>;
  readonly remarks: Remarks;
}
