// Everything that may happen to the monitor, and what one step gives.
import type { Change } from '../../../model/change.js';
import type { IpvsError } from '../../../model/errors.js';
import type { ServiceKey, Table } from '../../../model/table.js';
import type { Config } from '../../config/file.js';
import type { MonitorEvent } from './events.js';
import type { AdminState, CheckId, CheckResult, MonitorState, ServerId } from './state.js';

export interface RefusedChange {
  readonly change: Change;
  readonly error: IpvsError;
}

/** Everything that may happen to the monitor. */
export type Input =
  | (CheckId & { readonly kind: 'result'; readonly result: CheckResult })
  | {
      readonly kind: 'admin';
      readonly servers: readonly ServerId[];
      /** undefined = enable */
      readonly admin: AdminState | undefined;
      /** why, for the event */
      readonly reason?: string;
    }
  /** another file, with the table as it is */
  | { readonly kind: 'config'; readonly config: Config; readonly table: Table }
  /** the addresses of this machine, as standby.ts has them; undefined = not known */
  | { readonly kind: 'local'; readonly addresses: ReadonlySet<string> | undefined }
  /** the table was read and is about to be written */
  | { readonly kind: 'table'; readonly table: Table }
  /** the table was written */
  | {
      readonly kind: 'applied';
      /** of our services, after the changes that took effect */
      readonly table: Table;
      /** keys of all services that there are then */
      readonly keys: ReadonlySet<ServiceKey>;
      /** of our services, before the changes */
      readonly before: Table;
      /** services that were reconciled, not left alone */
      readonly written: ReadonlySet<ServiceKey>;
      readonly refusals: readonly RefusedChange[];
    };

export interface Reduction {
  readonly state: MonitorState;
  readonly events: readonly MonitorEvent[];
}
