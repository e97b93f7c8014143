// lvsctl lab: a real kernel with IPVS as a program, with a client, a director and two real servers.
import { dirname, join } from 'node:path';
import { Option } from 'commander';
import { FAILED, LvsctlError } from '../errors.js';
import type { Subcommand } from '../subcommand.js';
import type { World } from '../world.js';

interface Options {
  readonly mode: string;
  readonly run?: string;
  readonly ready?: boolean;
}

/** Programs that the lab runs, and Debian's packages with them. */
const NEEDED = [
  { program: 'linux.uml', args: ['--version'], package: 'user-mode-linux' },
  { program: 'ip', args: ['-V'], package: 'iproute2' },
  { program: 'modprobe', args: ['--version'], package: 'kmod' },
  { program: 'curl', args: ['--version'], package: 'curl' },
] as const;
/** what processors with AMX need in addition: share/lab/xstate.c */
const COMPILER = { program: 'gcc', args: ['--version'], package: 'gcc libc6-dev' } as const;
const NOT_INSTALLED = 127;
/** the exit status of share/lab/boot when the lab did not start */
const NOT_STARTED = 125;

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .addOption(
      new Option('--mode <mode>', 'how the director forwards')
        .choices(['nat', 'dr', 'tun'])
        .default('nat'),
    )
    .option('--ready', 'set up director and real servers at the start')
    .option('--run <commands>', 'carry out these commands on the director and end')
    .action((options: Options) => finish((world) => runLab(options, world)));
};

async function runLab({ mode, run, ready }: Options, world: World): Promise<number> {
  refuseMissing(world);
  if (run === undefined && !world.isTerminal)
    throw new LvsctlError('BAD_USAGE', 'a shell needs a terminal', "name commands: --run '...'");
  const status = await world.attach(
    'bash',
    [
      join(world.docs, '..', 'share', 'lab', 'boot'),
      mode,
      ...(run === undefined ? [] : ['-c', run]),
    ],
    {
      LAB_BIN: dirname(world.program),
      LAB_NODE: world.node,
      LAB_READY: ready ? '1' : '',
    },
  );
  return status === NOT_STARTED ? FAILED : status;
}

/** @throws COMMAND_FAILED with what is to be installed */
function refuseMissing({ machine }: World): void {
  const amx = machine.read('/proc/cpuinfo')?.includes(' amx_tile') ?? false;
  const missing = [...NEEDED, ...(amx ? [COMPILER] : [])].filter(
    ({ program, args }) => machine.run(program, args).status === NOT_INSTALLED,
  );
  if (missing.length === 0) return;
  throw new LvsctlError(
    'COMMAND_FAILED',
    `not installed: ${missing.map(({ program }) => program).join(', ')}`,
    'on Debian and Ubuntu (x86-64): sudo apt-get install ' +
      `${missing.map((one) => one.package).join(' ')}`,
  );
}
