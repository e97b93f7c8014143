// `lvsctl serve` from its start to its end.
import { VERSION } from '../../render/version.js';
import { failureText } from '../failure.js';
import { nextSignals } from '../monitor/process/signals.js';
import type { Runtime } from '../monitor/runtime.js';
import { perform } from '../sample/act.js';
import { withLastingBackend } from '../sample/backend.js';
import { takeReading } from '../sample/reading.js';
import { createSampler } from '../sample/sampler.js';
import { watchedOf } from '../sample/watched.js';
import type { World } from '../world.js';
import { createConnectionsAnswer } from './connections.js';
import { followMonitor } from './events.js';
import { metricsText } from './exposition.js';
import { createHandler } from './handle.js';
import { createLive } from './live.js';
import type { WebListener } from './machine.js';
import { metricsOf } from './metrics.js';
import { nodeExporterMetrics } from './nodeexporter.js';
import type { ServeParts } from './route.js';
import {
  checkOptions,
  guardRules,
  readSecrets,
  type Secrets,
  type ServeOptions,
  warningsOf,
} from './settings.js';

const NO_TABLE = 1;

/**
 * Answers until SIGTERM or SIGINT. SIGHUP reads token and certificate again.
 * @throws LvsctlError or a system error when it cannot begin
 */
export async function serve(options: ServeOptions, world: World): Promise<number> {
  checkOptions(options);
  const runtime = await world.runtime();
  const signals = nextSignals(runtime);
  let secrets = readSecrets(options, runtime);
  const lasting = withLastingBackend(world);
  const { parts, close } = await partsOf(options, lasting.world, runtime);
  let listener: WebListener | undefined;
  try {
    const rules = () => guardRules(options, secrets);
    const handle = createHandler(parts, rules, (error) =>
      world.err(`lvsctl: a fault: ${error instanceof Error ? error.stack : String(error)}\n`),
    );
    for (const line of warningsOf(options)) world.err(`lvsctl: warning: ${line}\n`);
    listener = await parts.web.listen(options.listen, secrets.tls, handle);
    for (const url of listener.urls) world.err(`lvsctl: listening on ${url}\n`);
    world.ignoreOutputErrors();
    await runtime.notify(['--ready']);
    for (;;) {
      if ((await signals.next()) !== 'SIGHUP') return 0;
      secrets = reread(options, secrets, listener, runtime, world);
    }
  } finally {
    listener?.close();
    close();
    await lasting.close();
    signals.end();
    runtime.leaveLostTerminal();
  }
}

/** What cannot be read leaves the secrets as they are. */
function reread(
  options: ServeOptions,
  secrets: Secrets,
  listener: WebListener,
  runtime: Runtime,
  world: World,
): Secrets {
  try {
    const next = readSecrets(options, runtime);
    if (next.tls) listener.setTls(next.tls);
    world.err('lvsctl: token and certificate were read again\n');
    return next;
  } catch (error) {
    const why = failureText(error) ?? String(error);
    world.err(`lvsctl: ${why}: the previous ones stay in force\n`);
    return secrets;
  }
}

async function partsOf(options: ServeOptions, world: World, runtime: Runtime) {
  const { clock } = runtime;
  const socket = options.socket ?? world.places().socket;
  const web = await world.web();
  const sampler = createSampler({ clock, read: () => takeReading({ world, runtime, socket }) });
  const events = followMonitor(runtime, socket, (event) => live.event(event));
  const live = createLive(sampler, web.hostname, () => events.latest);
  const parts: ServeParts = {
    sampler,
    live,
    events,
    web,
    needsToken: options.tokenFile !== undefined,
    nodeExporterNames: options.nodeExporterNames ?? false,
    labels: options.label ?? {},
    connections: createConnectionsAnswer(world, () => clock.now() / 1000),
    made: new WeakMap(),
    administer: options.allowAdmin
      ? async (request) => {
          const { act, service, server, weight } = request;
          const what = [act, service, server, ...(weight === undefined ? [] : [weight])].join(' ');
          world.err(`lvsctl: ${clock.date().toISOString()} ${what}\n`);
          return perform(request, world, runtime, socket);
        }
      : undefined,
  };
  const close = () => {
    live.close();
    events.close();
  };
  return { parts, close };
}

/** Prints the metrics of one reading. @returns the exit status */
export async function serveOnce(options: ServeOptions, world: World): Promise<number> {
  const runtime = await world.runtime();
  const socket = options.socket ?? world.places().socket;
  const { clock } = runtime;
  const sampler = createSampler({ clock, read: () => takeReading({ world, runtime, socket }) });
  const sample = await sampler.current(0);
  const watched = watchedOf(sample, '');
  // how often servers changed cannot be known by a process that begins now
  const own = metricsOf(watched, {
    version: VERSION,
    took: sample.took,
    changes: new Map(),
  }).filter(({ name }) => name !== 'lvs_server_state_changes_total');
  const others = options.nodeExporterNames ? nodeExporterMetrics(watched) : [];
  world.out(metricsText([...own, ...others], 'prometheus', options.label));
  if (sample.error) world.err(`lvsctl: ${sample.error.message}\n`);
  return sample.report === undefined ? NO_TABLE : 0;
}
