// lvsctl fleet status: a line for each director.
import { printable } from '../../render/printable.js';
import type { DirectorReport } from '../fleet/store.js';
import type { Terminal } from '../terminal.js';
import { type Column, renderTable } from './table.js';

export interface FleetStatus {
  /** of the file; null = none is published */
  readonly version: string | null;
  readonly directors: readonly DirectorReport[];
}

const COLUMNS: readonly Column[] = [
  { title: 'DIRECTOR' },
  { title: 'VERSION', align: 'right' },
  { title: 'STATE' },
  { title: 'DIFFERS', align: 'right' },
  { title: 'SERVICES' },
  { title: 'SEEN', align: 'right' },
  { title: 'ERROR' },
];

/** @param now seconds since 1970 */
export function fleetTable(
  { version, directors }: FleetStatus,
  now: number,
  terminal: Terminal,
): string {
  const head = version === null ? 'no file is published\n' : `version ${version}\n`;
  if (directors.length === 0) return `${head}no director follows this key\n`;
  return `${head}${renderTable(
    COLUMNS,
    directors.map((one) => row(one, now)),
    terminal,
  )}`;
}

function row(report: DirectorReport, now: number): string[] {
  const { name, version, state, differences, services, time, error } = report;
  return [
    printable(name),
    version ?? '-',
    state,
    differences === null ? '-' : String(differences),
    services === null
      ? '-'
      : `${services.up} up${services.down > 0 ? `, ${services.down} down` : ''}`,
    `${Math.max(0, Math.round(now - Date.parse(time) / 1000))}s`,
    printable(error ?? ''),
  ];
}
