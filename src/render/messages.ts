// What each refusal of IPVS is called on stderr: rows for one operation first, then rows for any,
// then the C library's text.
import type { Operation } from '../model/change.js';
import type { IpvsError } from '../model/errors.js';
import { errnoText } from './errno.js';

// biome-ignore format: a table
const BY_OPERATION: readonly { readonly operations: readonly Operation[]; readonly code: string; readonly text: string }[] = [
  { operations: ['add-service'], code: 'EEXIST', text: 'Service already exists' },
  { operations: ['add-service', 'edit-service'], code: 'ENOENT', text: 'Scheduler or persistence engine not found' },
  { operations: ['edit-service', 'delete-service', 'zero', 'list-service', 'list-destinations'], code: 'ESRCH', text: 'No such service' },
  { operations: ['add-destination', 'edit-destination', 'delete-destination'], code: 'ESRCH', text: 'Service not defined' },
  { operations: ['add-destination'], code: 'EEXIST', text: 'Destination already exists' },
  { operations: ['edit-destination', 'delete-destination'], code: 'ENOENT', text: 'No such destination' },
  { operations: ['start-daemon'], code: 'EEXIST', text: 'Daemon has already run' },
  { operations: ['stop-daemon'], code: 'ESRCH', text: 'No daemon is running' },
];

// biome-ignore format: a table
const BY_CODE: Readonly<Record<string, string>> = {
  EPERM: 'Permission denied (you must be root)',
  EINVAL: 'Invalid operation.  Possibly wrong module version, address not unicast, ...',
  ENOPROTOOPT: 'Protocol not available',
  ENOMEM: 'Memory allocation problem',
  EOPNOTSUPP: 'Operation not supported with IPv6',
  EAFNOSUPPORT: 'Operation not supported with specified address family',
  EMSGSIZE: 'Module is wrong version',
};

/** The line, without its newline, with the reason why IPVS refused. */
export function messageFor({ operation, code }: IpvsError): string {
  const row = BY_OPERATION.find(
    (candidate) => candidate.code === code && candidate.operations.includes(operation),
  );
  return row?.text ?? BY_CODE[code] ?? errnoText(code);
}
