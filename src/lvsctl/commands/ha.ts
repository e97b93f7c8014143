// lvsctl ha render|status|failover|drain|resume: this machine as one of several directors.
import type { Config } from '../config/file.js';
import type { Ha } from '../config/ha.js';
import { readConfig } from '../config/read.js';
import { LvsctlError } from '../errors.js';
import { birdConf } from '../ha/bird.js';
import { inspectHa } from '../ha/inspect.js';
import { keepalivedConf } from '../ha/keepalived.js';
import { drainDirector, failOver, hasVips, type MoveWorld, resumeDirector } from '../ha/move.js';
import { directorAt, haOf, ownDirector } from '../ha/own.js';
import { keepRole, standbyPath } from '../ha/place.js';
import { jsonText } from '../json.js';
import { gatherFacts } from '../plan/facts.js';
import type { Subcommand } from '../subcommand.js';
import { haTable } from '../view/ha.js';
import type { World } from '../world.js';
import { duration } from './numbers.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

/** seconds */
const FAILOVER_WAIT = 10;
const DRAIN_WAIT = 300;
const NOT_DONE = 1;

interface RenderOptions extends VariableOptions {
  readonly as?: string;
}
interface StatusOptions extends VariableOptions {
  readonly json?: boolean;
}
interface WaitOptions extends VariableOptions {
  readonly wait: number;
}

export const configure: Subcommand['configure'] = (program, finish) => {
  type Action<O> = (file: string, options: O, world: World) => Promise<number>;
  const add = (name: string, help: string) =>
    addVariables(program.command(name).description(help).argument('<file>', 'the lvsctl file'));
  const run =
    <O>(work: Action<O>) =>
    (file: string, options: O) =>
      finish((world) => work(file, options, world));
  add('render', 'print keepalived.conf or bird.conf for a director of the file')
    .option('--as <address>', 'the director; by default this machine')
    .action(run<RenderOptions>(render));
  add('status', 'show the directors: roles, VIPs, sync daemons, differences')
    .option('--json', 'print JSON')
    .action(run<StatusOptions>(status));
  add('failover', 'give the VIPs to another director (keepalived)')
    .option('--wait <time>', 'how long another director may take', duration, FAILOVER_WAIT)
    .action(run<WaitOptions>(failover));
  add('drain', 'take this director out until resume, and wait for its connections')
    .option('--wait <time>', 'the longest wait', duration, DRAIN_WAIT)
    .action(run<WaitOptions>(drain));
  add('resume', 'let this director have the VIPs again').action(run<VariableOptions>(resume));
  program
    .command('notify', { hidden: true })
    .argument('<type>')
    .argument('<name>')
    .argument('<role>')
    .argument('[priority]')
    .action((_type: string, _name: string, role: string) => finish((world) => notify(role, world)));
};

function read(
  file: string,
  options: VariableOptions,
  world: World,
): { readonly config: Config; readonly ha: Ha } {
  const config = readConfig(world.readText(file), file, fileContext(options, world));
  return { config, ha: haOf(config, file) };
}

async function render(file: string, options: RenderOptions, world: World): Promise<number> {
  const { config, ha } = read(file, options, world);
  const { as } = options;
  const own = as === undefined ? ownDirector(ha, gatherFacts(world.machine)) : directorAt(ha, as);
  const paths = { standby: standbyPath(world), lvsctl: world.program };
  world.out(
    ha.engine === 'bird' ? birdConf(config, ha, own) : keepalivedConf(config, ha, own, paths),
  );
  return 0;
}

async function status(file: string, options: StatusOptions, world: World): Promise<number> {
  const { config, ha } = read(file, options, world);
  const found = await inspectHa(config, ha, world);
  world.out(options.json ? `${jsonText(found, 2)}\n` : haTable(found, world));
  return found.problems.length === 0 ? 0 : NOT_DONE;
}

async function failover(file: string, options: WaitOptions, world: World): Promise<number> {
  const { config, ha } = read(file, options, world);
  if (ha.engine !== 'keepalived')
    throw new LvsctlError(
      'BAD_USAGE',
      'failover is for engine keepalived: with bird every director has the VIPs',
      'lvsctl ha drain takes one director out',
    );
  const facts = gatherFacts(world.machine);
  ownDirector(ha, facts);
  if (!hasVips(config, facts))
    throw new LvsctlError('WRONG_MACHINE', 'this director has no VIP: it is the backup');
  const took = await failOver(config, options.wait * 1000, await moving(world));
  world.out(`another director has the VIPs after ${(took / 1000).toFixed(1)} s\n`);
  return 0;
}

async function drain(file: string, options: WaitOptions, world: World): Promise<number> {
  const { config, ha } = read(file, options, world);
  ownDirector(ha, gatherFacts(world.machine));
  const left = await drainDirector(config, ha, options.wait * 1000, await moving(world), (now) =>
    world.err(`${now} connections left\n`),
  );
  world.out(
    left === 0
      ? 'drained: this director has no connections; lvsctl ha resume brings it back\n'
      : `out of service, with ${left} connections after ${options.wait} s; ` +
          `lvsctl ha resume brings it back\n`,
  );
  return left === 0 ? 0 : NOT_DONE;
}

async function resume(file: string, options: VariableOptions, world: World): Promise<number> {
  const { ha } = read(file, options, world);
  resumeDirector(await moving(world));
  world.out(
    ha.engine === 'bird'
      ? 'resumed: the monitor announces the VIPs whose services are up\n'
      : 'resumed: this director is a backup, and takes the VIPs when the master fails\n',
  );
  return 0;
}

async function moving(world: World): Promise<MoveWorld> {
  const { clock, writeText } = await world.runtime();
  const { machine, places } = world;
  return { machine, places, writeText, clock };
}

/** What keepalived runs at each change of its role: `INSTANCE lvsctl MASTER 200`. */
async function notify(role: string, world: World): Promise<number> {
  if (!/^[A-Z]{1,10}$/.test(role)) throw new LvsctlError('BAD_USAGE', `no role: ${role}`);
  const since = new Date(world.now() * 1000).toISOString();
  const { writeText } = await world.runtime();
  keepRole({ role: role.toLowerCase(), since }, { ...world, writeText });
  return 0;
}
