// lvsctl serve: answers HTTP with a status page, metrics, JSON and CSV.
import { InvalidArgumentError } from 'commander';
import type { Labels } from '../serve/exposition.js';
import type { ListenPlace } from '../serve/machine.js';
import { serve, serveOnce } from '../serve/run.js';
import { parseLabel, parsePlace, type ServeOptions } from '../serve/settings.js';
import type { Subcommand } from '../subcommand.js';

/** 9912 is in no list of Prometheus exporters that is known here */
const DEFAULT: ListenPlace = { kind: 'tcp', host: '127.0.0.1', port: 9912 };

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .option(
      '--listen <place>',
      'ADDRESS:PORT, unix:PATH, or systemd for its sockets (default: 127.0.0.1:9912)',
      place,
    )
    .option('--token-file <file>', 'clients need the token in this file')
    .option('--allow-admin', 'clients with the token may drain, disable and enable servers')
    .option('--allow-host <name>', 'a name that clients use for this machine', collect)
    .option('--tls-cert <file>', 'certificate with its chain (PEM), for HTTPS')
    .option('--tls-key <file>', 'its private key (PEM)')
    .option('--node-exporter-names', 'also the metrics of node_exporter, with its names')
    .option('--label <name=value>', 'a label of every metric, such as site=a', label)
    .option('--socket <path>', 'socket of the monitor (default: below /run/lvsctl)')
    .option('--once', 'print the metrics and end')
    .action((options: Partial<ServeOptions>) =>
      finish((world) => {
        const all: ServeOptions = { listen: DEFAULT, allowHost: [], ...options };
        return all.once ? serveOnce(all, world) : serve(all, world);
      }),
    );
};

/** @throws InvalidArgumentError */
function place(text: string): ListenPlace {
  const found = parsePlace(text);
  if (found) return found;
  throw new InvalidArgumentError('127.0.0.1:9912, [::1]:9912, unix:PATH or systemd is needed');
}

function collect(name: string, names: readonly string[] = []): readonly string[] {
  return [...names, name];
}

/** @throws InvalidArgumentError */
function label(text: string, labels: Labels = {}): Labels {
  const found = parseLabel(text);
  if (typeof found === 'string') throw new InvalidArgumentError(found);
  const [name, value] = found;
  return { ...labels, [name]: value };
}
