// ipvsadm as a commander program: the one file of this command that loads commander, for the help
// text. The options are those of the grammar, and what commander would parse is parsed by popt's
// rules.
import { Option, Command as Program } from 'commander';
import {
  COMMANDS,
  DAEMON_OPTIONS,
  OPTIONS,
  type OptionRow,
  OTHER_OPTIONS,
  SERVICE_OPTIONS,
} from './options.js';
import { scan } from './scan.js';

/** The usage of the program, by the rows of the grammar. */
// biome-ignore format: a table
export const INVOCATIONS = [
  '-A|E SERVICE [-s scheduler] [-p [seconds]] [-M mask] [--pe engine] [-o] [-b flags]',
  '-D SERVICE',
  '-C',
  '-R',
  '-S [-n]',
  '-a|e SERVICE -r host[:port] [-g|i|m] [-w weight] [-x connections] [-y connections] [TUNNEL]',
  '-d SERVICE -r host[:port]',
  '-L|l [SERVICE|-c|--timeout|--daemon] [-n] [-X] [--stats|--rate|--thresholds|--persistent-conn|--tun-info] [--nosort]',
  '-Z [SERVICE]',
  '--set tcp tcpfin udp',
  '--start-daemon master|backup [DAEMON]',
  '--stop-daemon master|backup [--syncid id]',
  '-h',
  '-v',
];

/** commander over the grammar's table; its own reading of arguments is replaced by popt's. */
export class IpvsadmProgram extends Program {
  constructor(name: string) {
    super(name);
    this.helpOption(false).exitOverride();
    for (const row of OPTIONS) this.addOption(optionOf(row));
  }

  /**
   * Splits arguments as popt would: known options become commander's option values by long name,
   * the rest operands or unknown.
   */
  override parseOptions(args: string[]): { operands: string[]; unknown: string[] } {
    const operands: string[] = [];
    const unknown: string[] = [];
    for (const token of scan(args, { posix: false })) {
      if (token.kind === 'positional') operands.push(token.text);
      else if (token.kind === 'bad') unknown.push(token.element);
      else this.setOptionValueWithSource(token.row.long, token.value ?? true, 'cli');
    }
    return { operands, unknown };
  }

  override helpInformation(): string {
    const name = this.name();
    return [
      `Usage:\n${INVOCATIONS.map((line) => `  ${name} ${line}\n`).join('')}`,
      `Commands:\n${this.#rows(COMMANDS)}`,
      `Virtual service (SERVICE):\n${this.#rows(SERVICE_OPTIONS)}`,
      `Options:\n${this.#rows(OTHER_OPTIONS)}`,
      `Sync daemon (DAEMON):\n${this.#rows(DAEMON_OPTIONS)}`,
      'Environment:\n' +
        '  LVS_BACKEND=kernel|memory|file:PATH  where the rules live, default kernel\n' +
        '  LVS_PROCFS=DIRECTORY                 where -L -c finds net/ip_vs_conn, default /proc\n' +
        '  LVS_TRACE=1                          print what each stage made of the command line\n',
    ].join('\n');
  }

  #rows(rows: readonly OptionRow[]): string {
    const terms = rows.map((row) => ({
      term: `${row.short === '' ? '    ' : ''}${optionOf(row).flags}`,
      help: row.help,
    }));
    const width = Math.max(...terms.map(({ term }) => term.length));
    return terms.map(({ term, help }) => `  ${term.padEnd(width)}  ${help}\n`).join('');
  }
}

/** The help text behind the version line. */
export function helpText(argv0: string): string {
  return new IpvsadmProgram(argv0).helpInformation();
}

function optionOf(row: OptionRow): Option {
  const value =
    row.value === 'none'
      ? ''
      : row.value === 'required'
        ? ` <${row.metavar}>`
        : ` [${row.metavar}]`;
  const short = [...row.short].at(0);
  const flags = `${short === undefined ? '' : `-${short}, `}--${row.long}${value}`;
  return new Option(flags, row.help);
}
