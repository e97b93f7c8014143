// What each change is as a message of the family IPVS.
import type { Change } from '../model/change.js';
import { COMMAND, type WireTop } from '../wire/ipvs.js';
import {
  daemonToWire,
  destinationIdToWire,
  destinationToWire,
  idToWire,
  serviceToWire,
} from './translate.js';

/** The message that asks for a change. */
export function requestFor(change: Change): { readonly command: number; readonly value: WireTop } {
  switch (change.kind) {
    case 'add-service':
      return { command: COMMAND.newService, value: { service: serviceToWire(change.service) } };
    case 'edit-service':
      return { command: COMMAND.setService, value: { service: serviceToWire(change.service) } };
    case 'delete-service':
      return { command: COMMAND.deleteService, value: { service: idToWire(change.id) } };
    case 'add-destination':
    case 'edit-destination':
      return {
        command: serverCommand(change.kind),
        value: { service: idToWire(change.id), destination: destinationToWire(change.destination) },
      };
    case 'delete-destination':
      return {
        command: COMMAND.deleteDestination,
        value: {
          service: idToWire(change.id),
          destination: destinationIdToWire(change.destination),
        },
      };
    case 'flush':
      return { command: COMMAND.flush, value: {} };
    case 'zero':
      return { command: COMMAND.zero, value: change.id ? { service: idToWire(change.id) } : {} };
    case 'set-timeouts': {
      const { tcp, tcpFin, udp } = change.timeouts;
      return {
        command: COMMAND.setConfig,
        value: { timeoutTcp: tcp, timeoutTcpFin: tcpFin, timeoutUdp: udp },
      };
    }
    case 'start-daemon':
      return { command: COMMAND.newDaemon, value: { daemon: daemonToWire(change.daemon) } };
    case 'stop-daemon':
      return {
        command: COMMAND.deleteDaemon,
        value: { daemon: daemonToWire({ ...change, interface: '', ...NO_OPTIONS }) },
      };
    default:
      return change satisfies never;
  }
}

const NO_OPTIONS = {
  maxLength: undefined,
  group: undefined,
  port: undefined,
  ttl: undefined,
};

/** The command of a request that adds or edits a real server. */
export function serverCommand(kind: 'add-destination' | 'edit-destination'): number {
  return kind === 'add-destination' ? COMMAND.newDestination : COMMAND.setDestination;
}
