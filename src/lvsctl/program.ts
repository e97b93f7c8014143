// lvsctl as a commander program: one row per subcommand, each in a file of its own that is loaded
// when it is called.
import { CommanderError, Command as Program } from 'commander';
import { VERSION } from '../render/version.js';
import { FAILED, LvsctlError } from './errors.js';
import { expectedError } from './failure.js';
import { helpAfter } from './helptext.js';
import { placeHint } from './placehint.js';
import { report } from './report.js';
import type { Subcommand } from './subcommand.js';
import { fullName, similarSubcommand, usageError } from './usage.js';
import type { World } from './world.js';

/** Subcommands by name, with the line that `lvsctl --help` shows. */
// biome-ignore format: a table
const SUBCOMMANDS: readonly { readonly name: string; readonly help: string; readonly hidden?: true; readonly load: () => Promise<Subcommand> }[] = [
  { name: 'check', help: 'validate an lvsctl file: all errors with their lines, and warnings', load: () => import('./commands/check.js') },
  { name: 'import', help: 'make an lvsctl file from rules, the live table, keepalived or ldirectord', load: () => import('./commands/import.js') },
  { name: 'export', help: 'write an lvsctl file as keepalived.conf, saved rules or nft rules', load: () => import('./commands/export.js') },
  { name: 'diff', help: 'compare the live table with saved rules or an lvsctl file', load: () => import('./commands/diff.js') },
  { name: 'plan', help: 'show the steps that apply would make, and what each ends', load: () => import('./commands/plan.js') },
  { name: 'apply', help: 'make the live table the same as a file, all or nothing', load: () => import('./commands/apply.js') },
  { name: 'ensure', help: 'add or change a service or server, with the options of ipvsadm', load: () => import('./commands/ensure.js') },
  { name: 'absent', help: 'remove a service or server, if it is there', load: () => import('./commands/absent.js') },
  { name: 'set', help: 'change a service or server that is there', load: () => import('./commands/set.js') },
  { name: 'confirm', help: 'keep what apply --confirm-timeout did', load: () => import('./commands/confirm.js') },
  { name: 'undo', help: 'take a transaction back', load: () => import('./commands/undo.js') },
  { name: 'history', help: 'list the transactions; show one', load: () => import('./commands/history.js') },
  { name: 'rules', help: 'load, save and clear the rules where this distribution keeps them', load: () => import('./commands/rules.js') },
  { name: 'director', help: 'apply, revert or compare a director configuration', load: () => import('./commands/director.js') },
  { name: 'realserver', help: 'apply, revert or compare a real server configuration', load: () => import('./commands/realserver.js') },
  { name: 'doctor', help: 'find what breaks LVS on this machine, and print what repairs it', load: () => import('./commands/doctor.js') },
  { name: 'trace', help: 'follow a packet and its answer from client to real server and back', load: () => import('./commands/trace.js') },
  { name: 'monitor', help: 'run health checks and keep the IPVS table in sync; show status', load: () => import('./commands/monitor.js') },
  { name: 'show', help: 'show services, traffic and connections, as tables or JSON', load: () => import('./commands/show.js') },
  { name: 'top', help: 'watch services and servers live: rates, states, weights', load: () => import('./commands/top.js') },
  { name: 'serve', help: 'answer HTTP: a status page, metrics for Prometheus, JSON and CSV', load: () => import('./commands/serve.js') },
  { name: 'ha', help: 'several directors: failover by keepalived, or announced by BIRD', load: () => import('./commands/ha.js') },
  { name: 'follow', help: 'keep this director as a file in etcd has it', load: () => import('./commands/follow.js') },
  { name: 'fleet', help: 'publish a file for all directors, and show them', load: () => import('./commands/fleet.js') },
  { name: 'disable', help: 'force a server down', load: () => import('./commands/disable.js') },
  { name: 'enable', help: 'return a server to health-check control', load: () => import('./commands/enable.js') },
  { name: 'drain', help: 'give a server no new connections; with --wait, wait until it has none', load: () => import('./commands/drain.js') },
  { name: 'explain', help: 'explain command lines of ipvsadm: what they mean, change and lead to', load: () => import('./commands/explain.js') },
  { name: 'simulate', help: 'send generated or recorded arrivals through rules and show the distribution', load: () => import('./commands/simulate.js') },
  { name: 'lab', help: 'start a real kernel with client, director and two real servers, to learn with', load: () => import('./commands/lab.js') },
  { name: 'completion', help: 'print the completion script of a shell, for lvsctl and ipvsadm', load: () => import('./commands/completion.js') },
  { name: '__complete', help: 'print what the completion scripts ask for', hidden: true, load: () => import('./commands/complete.js') },
];

const UNKNOWN = 'commander.unknownCommand';

/** One command line while it runs. */
interface Run {
  readonly args: readonly string[];
  readonly world: World;
  readonly program: Program;
  /** the command whose arguments are read, or that runs */
  command: Program;
  status: number;
}

/**
 * Carries out one command line.
 * @returns the exit status: that of the subcommand, or that of the error
 */
export async function run(argv: readonly string[], world: World): Promise<number> {
  const program = new Program('lvsctl');
  const args = longForm(argv);
  const now: Run = { args, world, program, command: program, status: 0 };
  try {
    await configure(now);
    if (argv[0] === 'help') findCommand(now);
    await program.parseAsync([...args], { from: 'user' });
    return now.status;
  } catch (error) {
    return end(error, now);
  }
}

/** `help A B` is `A B --help`; `version` and `-v` are `--version`. */
function longForm(argv: readonly string[]): readonly string[] {
  const [first, ...others] = argv;
  if (first === 'help')
    return [...others.filter((arg) => arg !== 'help' && !arg.startsWith('-')), '--help'];
  return first === 'version' || first === '-v' ? ['--version', ...others] : argv;
}

/**
 * All commands with their options, for what is made from them. None of them can be run.
 * @see commandTree in tree.ts
 */
export async function wholeProgram(): Promise<Program> {
  const program = described(new Program('lvsctl'));
  for (const { name, help, hidden, load } of SUBCOMMANDS)
    if (!hidden) (await load()).configure(program.command(name).description(help), async () => {});
  addGeneral(program);
  return program;
}

function described(program: Program): Program {
  return program
    .description('Linux Virtual Server: the companion of ipvsadm')
    .version(`lvsctl ${VERSION}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help');
}

/** The options that all commands have, at the end of their own. */
function addGeneral(command: Program): void {
  if (command.commands.length > 0)
    command.helpCommand('help [command]', 'show the help of a command');
  if (fullName(command) !== 'lvsctl check')
    command.option('--netns <name>', 'work in this network namespace: a name or a path');
  command.commands.forEach(addGeneral);
}

async function configure(now: Run): Promise<void> {
  const { program, args, world } = now;
  described(program)
    .enablePositionalOptions()
    .configureOutput({
      writeOut: world.out,
      writeErr: world.err,
      outputError: () => {}, // `end` reports it
      getOutHelpWidth: () => world.width,
      getErrHelpWidth: () => world.width,
    })
    .exitOverride();
  const chosen = commandName(args);
  // a line that begins with the name of a command needs no other: neither its help nor its errors
  const named = SUBCOMMANDS.filter(({ name }) => name === args[0]);
  for (const { name, help, hidden = false, load } of named.length > 0 ? named : SUBCOMMANDS) {
    const command = program.command(name, { hidden }).description(help);
    if (name === chosen) (await load()).configure(command, (work) => finish(work, now));
  }
  addGeneral(program);
  complete(program, now);
  if (chosen !== undefined && chosen !== 'help' && !SUBCOMMANDS.some(({ name }) => name === chosen))
    program.error(`error: unknown command '${chosen}'`, { code: UNKNOWN });
  program.hook('preAction', (_, command) => {
    now.command = command;
  });
}

/** Of `help A B`: each must be there. @throws CommanderError */
function findCommand(now: Run): void {
  let at = now.program;
  for (const name of now.args.slice(0, -1)) {
    const next = at.commands.find((one) => one.name() === name);
    if (!next) at.error(`error: unknown command '${name}'`, { code: UNKNOWN });
    at = next as Program;
  }
}

/** The first argument that is no option, nor the value of one. */
function commandName(args: readonly string[]): string | undefined {
  return args.find((arg, i) => !arg.startsWith('-') && args[i - 1] !== '--netns');
}

/** What all commands have: the rest of the help text, and where an error was. */
function complete(command: Program, now: Run): void {
  const { world, program } = now;
  const name = fullName(command).replace(/^lvsctl ?/, '');
  if (command !== program) command.copyInheritedSettings(program);
  command.addHelpText('after', () => helpAfter(name, world.width, world.docs));
  command.configureOutput({
    outputError() {
      now.command = command;
    },
  });
  for (const each of command.commands) complete(each, now);
}

/** The work of a command, in the network namespace that it names. */
async function finish(work: (world: World) => Promise<number>, now: Run): Promise<void> {
  const { world, command, args } = now;
  const { netns } = command.optsWithGlobals<{ netns?: string }>();
  const isThere = netns === undefined || netns === world.netns;
  now.status = await (isThere ? work(world) : world.enter(netns, args));
}

/** @returns the exit status */
function end(error: unknown, { command, args, world }: Run): number {
  const json = args.includes('--json');
  if (!(error instanceof CommanderError)) {
    const hint = similarSubcommand(error, command) ?? placeHint(error, command, world);
    const expected = expectedError(error);
    const better = expected && hint !== undefined;
    return report(
      better ? new LvsctlError(expected.code, expected.message, hint) : error,
      json,
      world,
    );
  }
  if (error.exitCode === 0) return 0; // its text is on stdout
  if (error.code === 'commander.help') return FAILED; // no command: its help is on stderr
  return report(usageError(error, command), json, world);
}
