// What can be typed after ipvsadm, from its grammar.
import { COMMAND_LEGALITY, type LegalityRow } from '../ipvsadm/legality.js';
import { COMMANDS, OPTIONS, type OptionRow } from '../ipvsadm/options.js';
import { TUNNELS } from '../model/forwarding.js';
import { SCHEDULER_NAMES } from '../model/scheduler.js';
import {
  ANY,
  ask,
  type CompletedProgram,
  choices,
  type OfferedValues,
  type Spot,
  type SpotOption,
} from './spot.js';

/** OfferedValues that are known, by the long name of the option. */
// biome-ignore format: a table
const VALUES: Readonly<Record<string, OfferedValues>> = {
  'tcp-service': ask('services-tcp'),
  'udp-service': ask('services-udp'),
  'sctp-service': ask('services-sctp'),
  'fwmark-service': ask('services-mark'),
  'real-server': ask('servers'),
  scheduler: choices(SCHEDULER_NAMES),
  'sched-flags': ask('flags'),
  pe: choices(['sip']),
  'tun-type': choices(Object.keys(TUNNELS)),
  'mcast-interface': ask('interfaces'),
  'start-daemon': choices(['master', 'backup']),
  'stop-daemon': choices(['master', 'backup']),
};

/** The first option is the command, and decides which others may follow. */
export function ipvsadmSpots(): CompletedProgram {
  const beginning: Spot = {
    path: '',
    commands: [],
    options: COMMANDS.map(option),
    arguments: [ANY],
  };
  const commands = Object.entries(COMMAND_LEGALITY).map(([name, legality]): Spot => {
    const row = COMMANDS.find(({ command }) => command === name);
    return { path: row?.long ?? '', commands: [], options: followers(legality), arguments: [ANY] };
  });
  return { name: 'ipvsadm', commandsAre: 'options', spots: [beginning, ...commands] };
}

/** The options of a rule, which `lvsctl ensure`, `set` and `absent` take. */
export function ruleOptions(): readonly SpotOption[] {
  const { 'add-service': service, 'add-server': server } = COMMAND_LEGALITY;
  return followers({
    required: [...service.required, ...server.required],
    allowed: [...service.allowed, ...server.allowed],
    oneOf: [],
  });
}

/** Options without a slot are legal everywhere; `-6` needs a mark, `--sort` a listing. */
const FREE: Readonly<Record<string, string>> = { ipv6: 'service-address', sort: 'nosort' };

function followers({ required, allowed, oneOf }: LegalityRow): readonly SpotOption[] {
  const slots = new Set<string>([...required, ...allowed, ...oneOf]);
  return OPTIONS.filter(({ slot, long }) => slots.has(slot ?? FREE[long] ?? '')).map(option);
}

function option({ short, long, help, value }: OptionRow): SpotOption {
  return {
    names: [...[...short].map((letter) => `-${letter}`), `--${long}`],
    help,
    ...(value === 'required' ? { value: VALUES[long] ?? ANY } : {}),
  };
}
