// Runs inside a machine of a kernel test: orders come in as lines of JSON, and so do the answers go
// out.
import { createSocket } from 'node:dgram';
import { createServer as createWeb, get, type Server as WebServer } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Backend } from '../../src/backend/backend.js';
import { systemWorld } from '../../src/lvsctl/main.js';
import { run } from '../../src/lvsctl/program.js';
import type { World } from '../../src/lvsctl/world.js';
import type { Change } from '../../src/model/change.js';
import { IpvsError } from '../../src/model/errors.js';
import type { Request } from './network.js';

export type Order =
  | {
      readonly kind: 'lvsctl';
      readonly args: readonly string[];
      /** what programs printed that were run already, by their command lines */
      readonly ran?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'serve'; readonly name: string; readonly ports: readonly number[] }
  | {
      readonly kind: 'ask';
      readonly requests: readonly Request[];
      /** what is waited for an answer, 3 s by default */
      readonly limitMs?: number;
    }
  /** answers connections and datagrams with its own address and port, and keeps the connections */
  | {
      readonly kind: 'greet';
      readonly addresses: readonly string[];
      readonly ports: readonly number[];
    }
  /** a connection or a datagram from an address and port of its own; a connection stays open */
  | {
      readonly kind: 'dial';
      readonly protocol: 'tcp' | 'udp';
      readonly from: string;
      readonly fromPort: number;
      readonly to: string;
      readonly port: number;
      /** what the datagram has in it */
      readonly text?: string;
    }
  /** ends the connection from that address and port, as its client does */
  | { readonly kind: 'hang-up'; readonly from: string; readonly fromPort: number }
  /** resets all connections that are held */
  | { readonly kind: 'drop-all' }
  /** a web server that answers with the machine's name, and then as it is told */
  | { readonly kind: 'web'; readonly name: string; readonly port: number }
  | { readonly kind: 'behave'; readonly behaviour: Behaviour }
  /** requests at a steady rate until `stream-end`, which answers with what came of each */
  | {
      readonly kind: 'stream';
      readonly host: string;
      readonly port: number;
      readonly perSecond: number;
    }
  | { readonly kind: 'stream-end' }
  /** answers every line with itself */
  | { readonly kind: 'echo'; readonly port: number }
  /** keeps so many connections busy: a line each time the last one was answered */
  | {
      readonly kind: 'chat';
      readonly host: string;
      readonly port: number;
      readonly connections: number;
    }
  /** one more line on each connection, then what became of them */
  | { readonly kind: 'chat-end' }
  /** lvsctl on a table whose change number `nth` is refused */
  | { readonly kind: 'refusing'; readonly nth: number; readonly args: readonly string[] }
  /** long connections that send a byte ten times a second until `talk-end` */
  | { readonly kind: 'talk'; readonly host: string; readonly port: number; readonly count: number }
  | { readonly kind: 'talk-end' };

/** What became of the connections of `chat`. */
export interface Chatted {
  readonly lines: number;
  readonly broken: number;
  /** connections that answered a last line */
  readonly alive: number;
}

/** A long connection. */
export interface Talk {
  /** the longest time between two answers */
  readonly pauseMs: number;
  /** why it ended, if it did */
  readonly error: string | null;
}

/**
 * How a web server answers: `slow` after 1.5 s, `flapping` with two failures in three, `refuses`
 * not at all.
 */
export type Behaviour = 'well' | 'hangs' | 'slow' | 'status 500' | 'flapping' | 'refuses';

/** One request of a stream. */
export interface Streamed {
  /** milliseconds since 1970 at which it began */
  readonly at: number;
  /** the client's */
  readonly port: number;
  /** the server's name, `status 500`, or what went wrong */
  readonly answer: string;
}

const LIMIT_MS = 3000;
/** what a client of the stream waits for an answer */
const PATIENCE_MS = 1000;
const SLOW_MS = 1500;
/** of the stream's requests, below those that the kernel chooses */
const FIRST_PORT = 10_000;
/** connections that are held, by address and port */
const calls = new Map<string, Socket>();

async function obey(order: Order): Promise<unknown> {
  switch (order.kind) {
    case 'lvsctl':
      return lvsctl(order.args, 0, order.ran);
    case 'serve':
      return serve(order.name, order.ports);
    case 'greet':
      return greet(order.addresses, order.ports);
    case 'dial':
      return order.protocol === 'tcp' ? dial(order) : sendDatagram(order);
    case 'hang-up':
      return hangUp(`${order.from} ${order.fromPort}`);
    case 'drop-all':
      for (const socket of calls.values()) socket.resetAndDestroy();
      calls.clear();
      return {};
    case 'web':
      return web(order.name, order.port);
    case 'behave':
      return behave(order.behaviour);
    case 'stream':
      return stream(order);
    case 'stream-end':
      return endStream();
    case 'echo':
      return echo(order.port);
    case 'chat':
      return chat(order);
    case 'chat-end':
      return endChat();
    case 'refusing':
      return lvsctl(order.args, order.nth);
    case 'talk':
      return talk(order);
    case 'talk-end':
      return endTalks();
    default:
      return ask(order.requests, order.limitMs);
  }
}

async function lvsctl(
  args: readonly string[],
  refused = 0,
  ran?: Readonly<Record<string, string>>,
): Promise<unknown> {
  const said = { stdout: '', stderr: '' };
  const { world, close } = systemWorld({
    out(text) {
      said.stdout += text;
    },
    err(text) {
      said.stderr += text;
    },
    isRead: () => true,
    flushed: async () => {},
    ignoreOutputErrors: () => {},
  });
  try {
    const one = refused === 0 ? world : refusing(world, refused);
    return { status: await run(args, ran ? replaying(one, ran) : one), ...said };
  } finally {
    await close();
  }
}

/** The world with programs that were run already. */
function replaying(world: World, ran: Readonly<Record<string, string>>): World {
  const { machine } = world;
  return {
    ...world,
    machine: {
      ...machine,
      run(program, args, input) {
        const stdout = ran[[program, ...args].join(' ')];
        return stdout === undefined
          ? machine.run(program, args, input)
          : { status: 0, stdout, stderr: '' };
      },
    },
  };
}

/** The world with a table whose change number `nth` is refused and not made. */
function refusing(world: World, nth: number): World {
  let count = 0;
  const open = async (): Promise<Backend> => {
    const backend = await world.machine.backend();
    return new Proxy(backend, {
      get(target, name) {
        if (name !== 'apply') {
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return async (changes: readonly Change[]) => {
          const results: (IpvsError | undefined)[] = [];
          for (const change of changes)
            if (++count === nth) results.push(new IpvsError(change.kind, 'ENOMEM'));
            else results.push(...(await target.apply([change])));
          return results;
        };
      },
    });
  };
  return { ...world, machine: { ...world.machine, backend: open } };
}

async function echo(port: number): Promise<unknown> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  await new Promise<void>((listening) => server.listen(port, '::', listening));
  return {};
}

/** between two lines of a connection */
const CHAT_PAUSE_MS = 20;
/** what a line waits for its answer at the end: a packet that was dropped is sent again */
const LAST_LINE_MS = 8000;
let chats: { readonly socket: Socket; lines: number; broken: boolean; heard: () => void }[] = [];
let chatting = false;

async function chat({ host, port, connections }: Extract<Order, { kind: 'chat' }>) {
  chatting = true;
  chats = [];
  for (let i = 0; i < connections; i++) {
    const socket = connect({ host, port });
    await new Promise<void>((done, fail) => socket.once('connect', done).once('error', fail));
    const one = { socket, lines: 0, broken: false, heard: () => {} };
    const say = () => void (chatting && socket.write(`${one.lines}\n`));
    socket
      .on('data', () => {
        one.lines++;
        one.heard();
        setTimeout(say, CHAT_PAUSE_MS);
      })
      .on('error', () => {
        one.broken = true;
      })
      .on('close', () => {
        one.broken = true;
      });
    say();
    chats.push(one);
  }
  return {};
}

async function endChat(): Promise<Chatted> {
  await new Promise((done) => setTimeout(done, 200));
  chatting = false;
  await new Promise((done) => setTimeout(done, 200));
  const answered = await Promise.all(
    chats.map(
      (one) =>
        new Promise<boolean>((done) => {
          one.heard = () => done(true);
          one.socket.write('last\n');
          setTimeout(() => done(false), LAST_LINE_MS).unref();
        }),
    ),
  );
  const ended = {
    lines: chats.reduce((all, { lines }) => all + lines, 0),
    broken: chats.filter(({ broken }) => broken).length,
    alive: answered.filter(Boolean).length,
  };
  for (const { socket } of chats) socket.destroy();
  return ended;
}

async function serve(name: string, ports: readonly number[]): Promise<unknown> {
  for (const port of ports) {
    const server = createServer((socket) => socket.on('error', () => {}).end(`${name} ${port}`));
    await new Promise<void>((listening) => server.listen(port, '::', listening));
  }
  const udp = createSocket('udp4');
  udp.on('message', (_, from) => udp.send(`${name} udp`, from.port, from.address));
  await new Promise<void>((listening) => udp.bind(53, listening));
  return {};
}

async function ask(requests: readonly Request[], limitMs = LIMIT_MS): Promise<string[]> {
  const answers: string[] = [];
  for (const [kind, host, port] of requests)
    answers.push(await (kind === 'udp' ? askUdp(host, port) : askTcp(host, port, limitMs)));
  return answers;
}

function askTcp(host: string, port: number, limitMs: number): Promise<string> {
  return new Promise((done) => {
    let text = '';
    const socket = connect({ host, port, timeout: limitMs });
    socket
      .on('data', (data) => {
        text += data;
      })
      .on('timeout', () => socket.destroy())
      .on('error', (error: NodeJS.ErrnoException) => {
        text = error.code ?? '';
      })
      .on('close', () => done(text || 'nothing'));
  });
}

function askUdp(host: string, port: number): Promise<string> {
  return new Promise((done) => {
    const socket = createSocket('udp4');
    const late = setTimeout(() => {
      socket.close();
      done('nothing');
    }, LIMIT_MS);
    socket.on('message', (message) => {
      clearTimeout(late);
      socket.close();
      done(String(message));
    });
    socket.send('x', port, host);
  });
}

async function greet(addresses: readonly string[], ports: readonly number[]): Promise<unknown> {
  for (const port of ports) {
    const server = createServer((socket) => {
      socket.on('error', () => {}).resume();
      socket.write(`${socket.localAddress?.replace('::ffff:', '')}:${socket.localPort}\n`);
    });
    await new Promise<void>((listening) => server.listen(port, '::', listening));
    for (const address of addresses) {
      // one an address, so that the answer has the right sender
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      socket.on('message', (_, from) => socket.send(`${address}:${port}`, from.port, from.address));
      await new Promise<void>((listening) => socket.bind(port, address, listening));
    }
  }
  return {};
}

/** @returns what answered, or the error's name */
function sendDatagram({
  from,
  fromPort,
  to,
  port,
  text = 'x',
}: Extract<Order, { kind: 'dial' }>): Promise<string> {
  return new Promise((done) => {
    const socket = createSocket(from.includes(':') ? 'udp6' : 'udp4');
    const end = (text: string) => {
      clearTimeout(late);
      socket.close();
      done(text);
    };
    const late = setTimeout(end, LIMIT_MS, 'nothing');
    socket
      .once('message', (message) => end(String(message)))
      .once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'));
    // connected, so that a refusal is heard
    socket.bind(fromPort, from, () => socket.connect(port, to, () => socket.send(text)));
  });
}

/** @returns what answered, or the error's name */
function dial({ from, fromPort, to, port }: Extract<Order, { kind: 'dial' }>): Promise<string> {
  return new Promise((done) => {
    const socket = connect({ host: to, port, localAddress: from, localPort: fromPort });
    calls.set(`${from} ${fromPort}`, socket);
    socket.setTimeout(LIMIT_MS, () => done('nothing'));
    socket
      .once('data', (data) => done(String(data).trim()))
      .once('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'error'));
  });
}

function hangUp(key: string): Promise<unknown> {
  const socket = calls.get(key);
  calls.delete(key);
  if (!socket) return Promise.resolve('no such call');
  return new Promise((done) => {
    setTimeout(() => done('it did not end'), LIMIT_MS).unref();
    socket.resume().once('close', () => done({}));
    socket.end();
  });
}

let behaviour: Behaviour = 'well';
let site: { readonly server: WebServer; readonly port: number } | undefined;

async function web(name: string, port: number): Promise<unknown> {
  let asked = 0;
  const server = createWeb((_, response) => {
    response.setHeader('connection', 'close');
    const flaps = behaviour === 'flapping' && asked++ % 3 !== 0;
    if (behaviour === 'hangs') return;
    if (behaviour === 'slow') setTimeout(() => response.end(name), SLOW_MS);
    else response.writeHead(behaviour === 'status 500' || flaps ? 500 : 200).end(name);
  });
  site = { server, port };
  await new Promise<void>((listening) => server.listen(port, '::', listening));
  return {};
}

async function behave(next: Behaviour): Promise<unknown> {
  if (!site) return 'no web server';
  const { server, port } = site;
  if (behaviour === 'refuses' && next !== 'refuses')
    await new Promise<void>((listening) => server.listen(port, '::', listening));
  if (behaviour !== 'refuses' && next === 'refuses') server.close();
  server.closeAllConnections();
  behaviour = next;
  return { at: Date.now() };
}

let streaming: NodeJS.Timeout | undefined;
let streamed: Promise<Streamed>[] = [];

function stream({ host, port, perSecond }: Extract<Order, { kind: 'stream' }>): unknown {
  streamed = [];
  streaming = setInterval(() => void streamed.push(request(host, port)), 1000 / perSecond);
  return {};
}

async function endStream(): Promise<readonly Streamed[]> {
  clearInterval(streaming);
  return Promise.all(streamed);
}

/**
 * a port of its own for each request: one that was used before may still have a connection in the
 * director's table, to a server that is gone
 */
let nextPort = FIRST_PORT;

function request(host: string, port: number): Promise<Streamed> {
  const at = Date.now();
  const localPort = nextPort++;
  return new Promise((done) => {
    const end = (answer: string) => {
      clearTimeout(late);
      asking.destroy();
      done({ at, port: localPort, answer });
    };
    const asking = get({ host, port, localPort, agent: false }, (response) => {
      if (response.statusCode !== 200) return end(`status ${response.statusCode}`);
      let text = '';
      response.on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => end(text)).on('error', (error) => end(error.message));
    });
    asking.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    const late = setTimeout(() => end('nothing'), PATIENCE_MS);
  });
}

const TALK_MS = 100;
let talks: { readonly socket: Socket; last: number; pauseMs: number; error: string | null }[] = [];
let talking: NodeJS.Timeout | undefined;

async function talk({ host, port, count }: Extract<Order, { kind: 'talk' }>): Promise<unknown> {
  talks = [];
  for (let i = 0; i < count; i++) {
    const socket = connect({ host, port });
    const one = { socket, last: Date.now(), pauseMs: 0, error: null as string | null };
    socket.on('data', () => {
      one.pauseMs = Math.max(one.pauseMs, Date.now() - one.last);
      one.last = Date.now();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      one.error = error.code ?? error.message;
    });
    socket.on('end', () => {
      one.error ??= 'ended';
    });
    talks.push(one);
    await new Promise((done) => socket.once('connect', done).once('error', done));
  }
  talking = setInterval(() => {
    for (const { socket, error } of talks) if (error === null) socket.write('x');
  }, TALK_MS);
  return {};
}

async function endTalks(): Promise<readonly Talk[]> {
  clearInterval(talking);
  return talks.map(({ socket, last, pauseMs, error }) => {
    socket.destroy();
    return { pauseMs: Math.max(pauseMs, Date.now() - last), error };
  });
}

// at the end, when all above has its first value
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await obey(JSON.parse(line) as Order))}\n`);
}
