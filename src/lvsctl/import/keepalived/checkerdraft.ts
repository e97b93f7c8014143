// What a checker block states, and what the blocks around it state.
import type { HttpDraft } from './httpget.js';
import type { Times } from './times.js';
import type { UdpDraft } from './udpcheck.js';

/** What the blocks around a checker state. */
export interface Around {
  /** the port of the real server as written, 0 = none */
  readonly port: number;
  /** the times of the server and of the service */
  readonly times: readonly Times[];
  /** the nearest one of the server and the service */
  readonly virtualhost: string | undefined;
  /** user of scripts, from global_defs */
  readonly scriptUser: string | undefined;
  readonly ssl: Readonly<Record<string, string>>;
  /** files of track_file blocks by name, with their weight */
  readonly trackFiles: ReadonlyMap<string, TrackFile>;
}

export interface TrackFile {
  readonly file: string;
  readonly weight: number;
}

/** What every kind may state. */
export interface CheckerDraft extends Times, HttpDraft, UdpDraft {
  connectTo?: string;
  port?: number;
  source?: string;
  helo?: string;
  name?: string;
  type?: string;
  command?: readonly string[];
  user?: string;
  dynamic?: boolean;
  scriptTimeout?: number;
  trackFile?: string;
  trackWeight?: number;
}
