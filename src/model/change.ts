// One thing done to the rules: what `ipvsadm -A` asks for, what a plan consists of, what a backend
// carries out.
import type { DaemonRequest, DaemonRole } from './daemon.js';
import type { Destination, DestinationId } from './destination.js';
import type { Service, ServiceId } from './service.js';
import type { Timeouts } from './timeouts.js';

export type Change =
  | { readonly kind: 'add-service'; readonly service: Service }
  | { readonly kind: 'edit-service'; readonly service: Service }
  | { readonly kind: 'delete-service'; readonly id: ServiceId }
  | {
      readonly kind: 'add-destination';
      readonly id: ServiceId;
      readonly destination: Destination;
    }
  | {
      readonly kind: 'edit-destination';
      readonly id: ServiceId;
      readonly destination: Destination;
    }
  | {
      readonly kind: 'delete-destination';
      readonly id: ServiceId;
      readonly destination: DestinationId;
    }
  | { readonly kind: 'flush' }
  /** counters of one service and its servers, or of everything when there is no id */
  | { readonly kind: 'zero'; readonly id: ServiceId | undefined }
  | { readonly kind: 'set-timeouts'; readonly timeouts: Timeouts }
  | { readonly kind: 'start-daemon'; readonly daemon: DaemonRequest }
  | {
      readonly kind: 'stop-daemon';
      readonly role: DaemonRole;
      readonly syncId: number;
    };

/**
 * The operations by name, those that only read included: the first half of an error message's key.
 */
export type Operation =
  | Change['kind']
  | 'list-services'
  | 'list-service'
  | 'list-destinations'
  | 'info'
  | 'timeouts'
  | 'daemons';
