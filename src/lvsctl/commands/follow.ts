// lvsctl follow SOURCE FILE: keeps FILE, and what it describes, as the fleet has it.
import { isAbsolute, resolve } from 'node:path';
import { readConfig } from '../config/read.js';
import { isRuleText } from '../config/recognise.js';
import { readRuleFile } from '../config/rulefile.js';
import { LvsctlError } from '../errors.js';
import { failureText } from '../failure.js';
import type { LocalAdmins, SharedAdmin } from '../fleet/admin.js';
import { Follower, type FollowParts } from '../fleet/follow.js';
import { askAdmin, askReload, askStatus } from '../monitor/client/request.js';
import type { Runtime } from '../monitor/runtime.js';
import type { Status } from '../monitor/status.js';
import type { Subcommand } from '../subcommand.js';
import { errorOf } from '../transaction/transact.js';
import type { World } from '../world.js';
import { transactFile } from './planning.js';
import { addStoreOptions, openStore, type StoreOptions } from './store.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

interface Options extends StoreOptions, VariableOptions {
  readonly name?: string;
  readonly prune?: boolean;
  readonly socket?: string;
}

const DIRECTOR_NAME = /^[\w.:-]{1,100}$/;

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .argument('<source>', 'etcd://HOST:PORT/KEY, etcds://HOST:PORT/KEY or file:PATH')
    .argument('<file>', 'where the last good file is kept, which the monitor runs with')
    .option('--name <name>', 'the name of this director (default: its host name)')
    .option('--prune', 'without a monitor: remove services that the file does not name')
    .option('--socket <path>', 'socket of the monitor (default: below /run/lvsctl)')
    .action((source: string, file: string, options: Options) =>
      finish((world) => follow(source, file, options, world)),
    );
  addVariables(addStoreOptions(program));
};

async function follow(url: string, file: string, options: Options, world: World): Promise<number> {
  if (!isAbsolute(file)) throw new LvsctlError('BAD_USAGE', `${file}: an absolute path is needed`);
  const name = options.name ?? world.hostName();
  // it is part of a key, and of lines that are printed
  if (!DIRECTOR_NAME.test(name))
    throw new LvsctlError('BAD_USAGE', `${name}: a name of letters, digits and .-_: is needed`);
  const { store, source } = await openStore(url, options, world);
  if (source.kind === 'file' && resolve(source.path) === resolve(file))
    throw new LvsctlError('BAD_USAGE', `${file}: the source and the file are the same`);
  const runtime = await world.runtime();
  world.ignoreOutputErrors();
  const director = new FollowingDirector(file, options, runtime, world);
  const follower = new Follower({
    store,
    clock: runtime.clock,
    key: source.kind === 'etcd' ? source.key : source.path,
    name,
    check: (text) => director.check(text),
    apply: (text) => director.apply(text),
    observe: () => director.observe(),
    // a file has no place for them
    admin:
      source.kind === 'file'
        ? undefined
        : {
            read: () => director.readAdmin(),
            set: (server, admin) => director.setAdmin(server, admin),
          },
    log: (line) => world.err(`${runtime.clock.date().toISOString()} ${line}\n`),
  });
  const release = runtime.onSignal((signal) => {
    if (signal !== 'SIGHUP') follower.end();
  });
  try {
    await follower.run();
    return 0;
  } finally {
    release();
  }
}

/** This machine: its file, its table, its monitor. */
class FollowingDirector {
  readonly #file: string;
  readonly #options: Options;
  readonly #runtime: Runtime;
  readonly #world: World;

  constructor(file: string, options: Options, runtime: Runtime, world: World) {
    this.#file = file;
    this.#options = options;
    this.#runtime = runtime;
    this.#world = world;
  }

  /** Why a text is no file that could be in force here. */
  async check(text: string): Promise<string | undefined> {
    return this.#failureOf(async () => {
      if (isRuleText(text)) await readRuleFile(text, this.#file, this.#world.names);
      else readConfig(text, this.#file, fileContext(this.#options, this.#world));
    });
  }

  /** By the monitor when one runs with this file, else as a transaction; the file is kept first. */
  async apply(text: string): Promise<string | undefined> {
    const before = this.#runtime.readFile(this.#file)?.text;
    const failure = await this.#failureOf(async () => {
      const status = await this.#monitor();
      if (status !== undefined && status.file !== this.#file)
        throw new LvsctlError(
          'MONITOR_REFUSED',
          `the monitor runs with ${status.file}, not ${this.#file}`,
        );
      this.#runtime.writeText(this.#file, text);
      if (status !== undefined) await askReload(this.#runtime, this.#socket());
      else await this.#transact();
    });
    // what is in force must be what is in the file
    if (failure !== undefined && before !== undefined) this.#runtime.writeText(this.#file, before);
    return failure;
  }

  async #transact(): Promise<void> {
    const made = await transactFile(
      this.#file,
      this.#options,
      { command: 'follow', label: 'fleet' },
      this.#world,
    );
    const error = made.result && errorOf(made.result);
    if (error !== undefined) throw error;
  }

  async observe(): ReturnType<FollowParts['observe']> {
    const status = await this.#monitor();
    if (status !== undefined) {
      const up = status.services.filter((service) => service.up === true).length;
      return { differences: null, services: { up, down: status.services.length - up } };
    }
    let differences: number | null = null;
    if (this.#runtime.readFile(this.#file) !== undefined)
      await this.#failureOf(async () => {
        const more = { command: 'follow', dryRun: true };
        const { plan } = await transactFile(this.#file, this.#options, more, this.#world);
        differences = plan.steps.length;
      });
    return { differences, services: null };
  }

  async readAdmin(): Promise<LocalAdmins | undefined> {
    const status = await this.#monitor();
    if (status === undefined) return undefined;
    const all = status.services.flatMap(({ service, servers }) =>
      servers.map(({ server, state, reason, by, until }) => {
        const isOut = state === 'disabled' || state === 'drained';
        return [`${service} ${server}`, isOut ? { state, reason, by, until } : null] as const;
      }),
    );
    return Object.fromEntries(all);
  }

  async setAdmin(key: string, admin: SharedAdmin | undefined): Promise<void> {
    const at = key.lastIndexOf(' ');
    const left = admin?.until
      ? Date.parse(admin.until) - this.#runtime.clock.date().getTime()
      : null;
    await askAdmin(this.#runtime, this.#socket(), {
      state: left !== null && left <= 0 ? null : (admin?.state ?? null),
      service: key.slice(0, at),
      server: key.slice(at + 1),
      reason: admin?.reason ?? '',
      by: admin?.by ?? '',
      for_seconds: left === null || left <= 0 ? null : Math.ceil(left / 1000),
    });
  }

  async #monitor(): Promise<Status | undefined> {
    try {
      return await askStatus(this.#runtime, this.#socket());
    } catch (error) {
      if (error instanceof LvsctlError && error.code === 'NO_MONITOR') return undefined;
      throw error;
    }
  }

  #socket(): string {
    return this.#options.socket ?? this.#world.places().socket;
  }

  /** Why it failed, for an error that is no bug. */
  async #failureOf(work: () => Promise<unknown>): Promise<string | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      const text = failureText(error);
      if (text === undefined) throw error;
      return text;
    }
  }
}
