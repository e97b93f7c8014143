// lvsctl explain 'ipvsadm …' | FILE | -: what command lines of ipvsadm mean and do.
import { Option } from 'commander';
import { readTable } from '../../backend/readtable.js';
import { type Language, languageOf } from '../../ipvsadm/hints/table.js';
import { tableOf } from '../../model/table.js';
import { DEFAULT_TIMEOUTS } from '../../model/timeouts.js';
import { shellLine } from '../../render/shell.js';
import { readRuleFile } from '../config/rulefile.js';
import { LvsctlError } from '../errors.js';
import { explain } from '../explain/explain.js';
import { explanationJson } from '../explain/json.js';
import { type ExplainedState, UNKNOWN_STATE } from '../explain/state.js';
import { jsonText } from '../json.js';
import type { Subcommand } from '../subcommand.js';
import { explanationText } from '../view/explain.js';
import type { World } from '../world.js';

interface Options {
  readonly lang?: Language;
  readonly json?: boolean;
  readonly live?: boolean;
  readonly rules?: string;
}

const REFUSED = 1;

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .argument('[command...]', 'a command line in quotes, a file, or - for stdin (the default)')
    .allowUnknownOption()
    .addOption(
      new Option('--lang <language>', 'language of the text (default: that of the locale)').choices(
        ['en', 'zh'],
      ),
    )
    .option('--live', 'begin with the live table')
    .option('--rules <file>', 'begin with saved rules (ipvsadm -S)')
    .option('--json', 'print JSON')
    .action((command: readonly string[], options: Options) =>
      finish((world) => explainCommand(command, options, world)),
    );
};

/** @returns 1 when a line is refused */
async function explainCommand(
  command: readonly string[],
  options: Options,
  world: World,
): Promise<number> {
  const language = options.lang ?? languageOf(world.env);
  const explanation = await explain(
    textOf(command, world),
    await startOf(options, world),
    world.names,
  );
  if (explanation.lines.length === 0)
    throw new LvsctlError('NOT_FOUND', 'no command line of ipvsadm to explain');
  if (options.json) world.out(`${jsonText(explanationJson(explanation, language), 2)}\n`);
  else world.out(explanationText(explanation, language, world));
  return explanation.lines.some(({ refused }) => refused) ? REFUSED : 0;
}

/** The command lines: as arguments, in a file, or on stdin. */
function textOf(command: readonly string[], world: World): string {
  const [only = '-', ...more] = command;
  if (more.length > 0) return shellLine(command);
  const isFile = only === '-' || !(/^\W?-|\s/.test(only) || only === 'ipvsadm');
  return isFile ? world.readText(only) : only;
}

async function startOf({ live = false, rules }: Options, world: World): Promise<ExplainedState> {
  if (live && rules !== undefined)
    throw new LvsctlError('BAD_USAGE', 'only one of --live and --rules can be the beginning');
  if (rules !== undefined) {
    const {
      services,
      timeouts = DEFAULT_TIMEOUTS,
      daemons,
    } = await readRuleFile(world.readText(rules), rules, world.names);
    return { ...UNKNOWN_STATE, table: tableOf(services), timeouts, daemons, complete: true };
  }
  if (!live) return UNKNOWN_STATE;
  const backend = await world.machine.backend();
  return {
    ...UNKNOWN_STATE,
    table: await readTable(backend),
    timeouts: await backend.timeouts(),
    daemons: await backend.daemons(),
    complete: true,
  };
}
