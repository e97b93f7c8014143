// What is recorded in the lab and replayed natively: command lines, and the table each of them
// meets.
import { ruleLines } from '../tables.js';

export interface Recording {
  readonly name: string;
  readonly args: readonly string[];
  /** the rules in the table before, as `-R` reads them */
  readonly before: string;
  readonly stdin: string;
  /** ours over an empty program: against the whole time of the real tool, or the empty program */
  readonly against: 'real' | 'empty';
  readonly must: number;
  readonly aim: number;
}

const MANY_SERVICES = ruleLines(1000, 10);
const MANY_SERVERS = ruleLines(10, 1000);
const EDIT = ['-e', '-t', '10.0.0.1:80', '-r', '100.64.3.7:80', '-m', '-w', '2'];

const list = (name: string, args: readonly string[], before: string, must: number): Recording => ({
  name,
  args,
  before,
  stdin: '',
  against: 'real',
  must,
  aim: 1,
});

export const RECORDINGS: readonly Recording[] = [
  list('-Ln of 1,000 x 10', ['-Ln'], MANY_SERVICES, 1.5),
  list('-Ln of 10 x 1,000', ['-Ln'], MANY_SERVERS, 2),
  list('-Ln --stats of 1,000 x 10', ['-Ln', '--stats'], MANY_SERVICES, 1.5),
  list('-Ln --stats of 10 x 1,000', ['-Ln', '--stats'], MANY_SERVERS, 2),
  list('-Sn of 1,000 x 10', ['-Sn'], MANY_SERVICES, 1.5),
  list('-Sn of 10 x 1,000', ['-Sn'], MANY_SERVERS, 2),
  {
    name: '-R of 11,000 rules',
    args: ['-R'],
    before: '',
    stdin: MANY_SERVICES,
    against: 'real',
    must: 0.4,
    aim: 0.25,
  },
  {
    name: '-e of a server',
    args: EDIT,
    before: ruleLines(1, 9),
    stdin: '',
    against: 'empty',
    must: 1.2,
    aim: 1.12,
  },
];

/** Where the conversation of a program is kept: `ours` or `real`. */
export function recordFile(folder: string, program: 'ours' | 'real', index: number): string {
  return `${folder}/${program}-${index}`;
}
