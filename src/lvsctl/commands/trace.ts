// lvsctl trace CLIENT VIP [FILE]: the path of one packet and its answer.
import { InvalidArgumentError, Option } from 'commander';
import { type Address, parseAddress } from '../../model/address.js';
import { readConfig } from '../config/read.js';
import { LvsctlError } from '../errors.js';
import { gatherMachineFacts } from '../facts/gather.js';
import { parseFacts } from '../facts/json.js';
import type { MachineFacts } from '../facts/types.js';
import { jsonText } from '../json.js';
import { FACTS_LIMIT } from '../limits.js';
import { intendedFacts } from '../path/intended.js';
import { type Trace, type TraceQuestion, trace } from '../path/trace.js';
import type { Subcommand } from '../subcommand.js';
import { traceText } from '../view/trace.js';
import { traceSvg } from '../view/tracesvg.js';
import type { World } from '../world.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

interface Options extends VariableOptions {
  readonly facts?: readonly string[];
  readonly protocol: TraceQuestion['protocol'];
  readonly json?: boolean;
  readonly svg?: string;
}
interface TracePlace {
  readonly address: Address;
  readonly port: number | undefined;
}

const LOST = 1;
const UNKNOWN = 3;
/** as other pictures: every user may read it */
const PUBLIC = 0o644;

export const configure: Subcommand['configure'] = (program, finish) => {
  addVariables(
    program
      .argument('<client>', 'address of the client, with a port: 203.0.113.9:40000', place)
      .argument('<virtual>', 'address and port that it asks: 192.0.2.10:80', place)
      .argument('[file]', 'the lvsctl file: the intended path, without --facts'),
  )
    .option('--facts <file...>', 'machines, as `lvsctl doctor --facts` prints them')
    .addOption(
      new Option('--protocol <name>', 'protocol').choices(['tcp', 'udp', 'sctp']).default('tcp'),
    )
    .option('--json', 'print JSON')
    .option('--svg <file>', 'write a picture')
    .action((client: TracePlace, virtual: TracePlace, file: string | undefined, options: Options) =>
      finish((world) => show(client, virtual, file, options, world)),
    );
};

async function show(
  client: TracePlace,
  virtual: TracePlace,
  file: string | undefined,
  options: Options,
  world: World,
): Promise<number> {
  const { address, port } = virtual;
  if (port === undefined) throw new LvsctlError('BAD_USAGE', 'the virtual address needs a port');
  if (address.family !== client.address.family)
    throw new LvsctlError('BAD_USAGE', 'client and virtual address are of different families');
  const { facts, source } = await machines(file, options, world);
  const question: TraceQuestion = {
    protocol: options.protocol,
    client: client.address,
    clientPort: client.port,
    virtual: address,
    virtualPort: port,
  };
  const found = trace(facts, question, source);
  if (options.svg !== undefined) world.writeText(options.svg, traceSvg(found), PUBLIC);
  world.out(options.json ? `${jsonText(found, 2)}\n` : traceText(found, world));
  return { pass: 0, lost: LOST, unknown: UNKNOWN }[found.outcome];
}

/** Facts from files; else the machines of the lvsctl file; else this machine. */
async function machines(
  file: string | undefined,
  options: Options,
  world: World,
): Promise<{ readonly facts: readonly MachineFacts[]; readonly source: Trace['source'] }> {
  const { facts: paths } = options;
  if (paths !== undefined)
    return {
      facts: paths.map((path) => parseFacts(world.readText(path, FACTS_LIMIT), path)),
      source: 'facts',
    };
  if (file !== undefined)
    return {
      facts: intendedFacts(readConfig(world.readText(file), file, fileContext(options, world))),
      source: 'file',
    };
  return { facts: [await gatherMachineFacts(world)], source: 'facts' };
}

/** Reads `203.0.113.9`, `203.0.113.9:40000`, `[2001:db8::9]:40000`. @throws InvalidArgumentError */
function place(text: string): TracePlace {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = parseAddress(v6 ?? v4 ?? text);
  if (address === undefined || Number(port ?? 0) > 65_535)
    throw new InvalidArgumentError('an address, or an address with a port, is needed');
  return { address, port: port === undefined ? undefined : Number(port) };
}
