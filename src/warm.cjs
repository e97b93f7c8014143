// node src/warm.cjs: runs everyday commands of the built programs and keeps V8's code cache of what they compiled beside the bundle.
//
// The kernel is a stand-in, so that building needs no privilege and loads no module: it gives the family a number, accepts every change
// and knows one service with one server.
'use strict';
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');
const { pack, wrap } = require('../dist/start.cjs');

/**
 * What V8 leaves out of a cache: functions that became machine code, since they ran often, and
 * bytecode that it forgot, since it had not run for a while.
 */
const FLAGS = ['sparkplug', 'flush-bytecode'];

const DIST = path.join(__dirname, '../dist');
const COMMANDS = [
  ['-A', '-t', '192.0.2.1:80', '-s', 'wrr', '-p', '300'],
  ['-a', '-t', '192.0.2.1:80', '-r', '198.51.100.1:80', '-m', '-w', '2'],
  ['-e', '-t', '192.0.2.1:80', '-r', '198.51.100.1:80', '-m', '-w', '0'],
  ['-a', '-t', '192.0.2.1:80', '-r', '198.51.100.2:80', '-m'],
  ['-Ln'],
  ['-Ln', '--stats'],
  // by the general printer, as everything with names is
  ['-Ln', '--tun-info'],
  ['-Sn'],
  ['-L', '--timeout'],
  ['-v'],
  ['-d', '-t', '192.0.2.1:80', '-r', '198.51.100.1:80'],
  ['-D', '-t', '192.0.2.1:80'],
  ['-C'],
  ['-h'],
];

/** Those that the bundles for plain changes read. */
const PLAIN = /^-[AEDaed]$/;

/** Refused, each by another part of the program, and on a terminal: there hints follow. */
const REFUSED = [['-q'], ['-Lq']];

/**
 * Of lvsctl, with their exit statuses: only what reads, and nothing of the machine but the table in
 * a file.
 */
const LVSCTL_COMMANDS = [
  [0, 'check', 'FILE'],
  [0, 'plan', 'FILE'],
  [1, 'diff', 'FILE'],
  [0, 'plan', 'FILE', '--json'],
  [2, 'check', 'WRONG'],
  [0, 'show', 'services'],
  [0, 'show', 'services', '--json'],
  [0, '--help'],
  [0, 'apply', '--help'],
  [2, 'nosuch'],
];
const LVSCTL_FILE = `vips: [{ address: 192.0.2.1, interface: eth0 }]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    scheduler: wrr
    mode: nat
    gateway: 198.51.100.254
    checks: [{ kind: http, path: /, status: 200-399 }]
    servers:
      - { address: 198.51.100.1, weight: 2 }
      - { address: 198.51.100.2 }
`;

/** One pass of the monitor, which checks a server in this process. */
const MONITOR_COMMAND = ['monitor', 'FILE', '--once', '--socket', 'SOCKET', '--state', 'STATE'];
const monitorFile = (port) => `vips: [{ address: 127.0.0.1, interface: lo }]
services:
  - name: web
    address: 127.0.0.1
    port: 80
    mode: nat
    checks: [{ kind: http, path: / }, { kind: tcp }]
    servers: [{ address: 127.0.0.1, port: ${port} }]
`;

const u16 = (...values) => Buffer.from(new Uint16Array(values).buffer);
const u32 = (...values) => Buffer.from(new Uint32Array(values).buffer);
const attribute = (type, payload) =>
  Buffer.concat([u16(4 + payload.length, type), payload, Buffer.alloc(-payload.length & 3)]);
const message = (type, flags, sequence, payload) =>
  Buffer.concat([u32(16 + payload.length), u16(type, flags), u32(sequence, 0), payload]);

const address = (text) =>
  Buffer.concat([Buffer.from(text.split('.').map(Number)), Buffer.alloc(12)]);
const stats = Buffer.concat(
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((type) => attribute(type, u32(0, 0))),
);
const SERVICE = Buffer.concat([
  attribute(1, u16(2)),
  attribute(2, u16(6)),
  attribute(3, address('192.0.2.1')),
  attribute(4, Buffer.from([0, 80])),
  attribute(6, Buffer.from('wrr\0')),
  attribute(7, u32(3, 0xffffffff)),
  attribute(8, u32(300)),
  attribute(9, u32(0xffffffff)),
  attribute(10, stats),
  attribute(12, stats),
]);
const SERVER = Buffer.concat([
  attribute(1, address('198.51.100.1')),
  attribute(2, Buffer.from([0, 80])),
  ...[3, 4, 5, 6, 7, 8, 9].map((type) => attribute(type, u32(0))),
  attribute(13, Buffer.from([0])),
  attribute(14, u16(0)),
  attribute(15, u16(0)),
  attribute(11, u16(2)),
  attribute(10, stats),
  attribute(12, stats),
]);
/** by command number: what a question about it is answered with */
const REPLIES = {
  3: attribute(1, u16(28)),
  4: attribute(1, SERVICE),
  8: attribute(2, SERVER),
  13: attribute(4, u32(900)),
  15: attribute(1, u32(0x010201)),
};

/** The package's socket: only its descriptor is used. */
class NativeNetlink {
  bind() {}
  close() {}
  getRecvBufferSize() {
    return 212992;
  }
  getSendBufferSize() {
    return 212992;
  }
}

/** no descriptor that there is */
const SOCKET = 1 << 20;
/** whether stderr is a terminal */
let onTerminal = false;
/** datagrams that the kernel has not been asked for yet */
const waiting = [];

/** The answers to a datagram of requests. */
function answer(bytes) {
  const requests = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < requests.length; at += requests.readUInt32LE(at)) {
    const [flags, sequence, command] = [
      requests.readUInt16LE(at + 6),
      requests.readUInt32LE(at + 8),
      requests[at + 16],
    ];
    const dump = (flags & 0x300) !== 0;
    if (REPLIES[command]) {
      const payload = Buffer.concat([Buffer.from([command, 1, 0, 0]), REPLIES[command]]);
      waiting.push(message(28, dump ? 2 : 0, sequence, payload));
    }
    if (dump) waiting.push(message(3, 2, sequence, u32(0)));
    else if (flags & 4) waiting.push(message(2, 0, sequence, u32(0)));
  }
  return bytes.length;
}

/** What of `fs` is another one: the socket is the kernel, and what is printed is dropped. */
const { openSync, closeSync, fstatSync, readSync, writeSync } = fs;
const STAND_INS = {
  openSync: (path, ...rest) => (path === '/' ? SOCKET : openSync(path, ...rest)),
  closeSync: (fd) => (fd === SOCKET ? undefined : closeSync(fd)),
  fstatSync(fd, ...rest) {
    if (fd === SOCKET) return { isSocket: () => true };
    return fd === 2 ? { isCharacterDevice: () => onTerminal } : fstatSync(fd, ...rest);
  },
  readSync(fd, into, ...rest) {
    if (fd !== SOCKET) return readSync(fd, into, ...rest);
    const next = waiting.shift();
    into.set(next);
    return next.length;
  },
  writeSync(fd, bytes, ...rest) {
    if (fd === SOCKET) return answer(bytes);
    return fd === 1 || fd === 2 ? bytes.length : writeSync(fd, bytes, ...rest);
  },
};

/** Compiles and runs a bundle; the bundles it requires are kept as well. */
function load(file, scripts) {
  const script = new vm.Script(wrap(fs.readFileSync(file, 'latin1')), { filename: file });
  scripts.set(file, script);
  const module = { exports: {} };
  const requireFrom = (id) =>
    /^\.\/[a-z]+\.cjs$/.test(id) ? load(path.join(path.dirname(file), id), scripts) : require(id);
  script.runInThisContext()(module.exports, requireFrom, module, file, path.dirname(file));
  return module.exports;
}

/** Runs commands of lvsctl, which print nothing. @param files by the names in `commands` */
async function runLvsctl(program, commands, files, env) {
  const { stdout, stderr } = process;
  const write = { out: stdout.write, err: stderr.write };
  stdout.write = stderr.write = (...args) => {
    const done = args.at(-1);
    if (typeof done === 'function') done();
    return true;
  };
  try {
    for (const [status, ...args] of commands) {
      const named = args.map((arg) => files[arg] ?? arg);
      process.argv = [process.execPath, '/lvsctl', ...named];
      process.env = { ...env, LVS_BACKEND: `file:${files.TABLE}` };
      process.exitCode = undefined;
      await program.main();
      // as for ipvsadm: one that fails before it does its work leaves that out of the cache
      if (process.exitCode !== status)
        throw new Error(`lvsctl ${args.join(' ')} ended with ${process.exitCode}`);
      process.removeAllListeners('uncaughtException');
    }
  } finally {
    Object.assign(stdout, { write: write.out });
    Object.assign(stderr, { write: write.err });
  }
}

async function runCommands(program, folder, env) {
  const at = (name) => path.join(folder, name);
  fs.writeFileSync(at('a.yaml'), LVSCTL_FILE);
  fs.writeFileSync(at('wrong.yaml'), LVSCTL_FILE.replace('scheduler', 'schedular'));
  const files = { FILE: at('a.yaml'), WRONG: at('wrong.yaml'), TABLE: at('table') };
  await runLvsctl(program, LVSCTL_COMMANDS, files, env);
}

async function runMonitor(program, folder, env) {
  const at = (name) => path.join(folder, name);
  const server = http.createServer((_, response) => response.end());
  try {
    const port = await portOf(server);
    if (port === undefined) return; // its cache has less then
    fs.writeFileSync(at('monitor.yaml'), monitorFile(port));
    const files = {
      FILE: at('monitor.yaml'),
      SOCKET: at('socket'),
      STATE: at('state'),
      TABLE: at('monitored'),
    };
    await runLvsctl(program, [[0, ...MONITOR_COMMAND]], files, env);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** @returns undefined where the loopback interface is down, as in some builds of images */
async function portOf(server) {
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address();
    const [response] = await once(http.get({ host: '127.0.0.1', port, agent: false }), 'response');
    response.resume();
    return port;
  } catch {
    return undefined;
  }
}

async function runIpvsadm(programs, folder, env) {
  const all = [...COMMANDS, ...REFUSED];
  const plain = COMMANDS.filter(([first]) => PLAIN.test(first));
  // in memory nothing is left of the command before
  const others = all.filter((args) => args[0] === '-A' || !plain.includes(args));
  for (const [program, backend, commands] of [
    [programs.ipvsadm, 'kernel', all],
    [programs.change, 'kernel', plain],
    [programs.local, `file:${path.join(folder, 'table')}`, all],
    [programs.localchange, `file:${path.join(folder, 'table')}`, plain],
    [programs.local, 'memory', others],
  ]) {
    for (const args of commands) {
      process.argv = [process.execPath, '/ipvsadm', ...args];
      process.env = { ...env, LVS_BACKEND: backend };
      process.exitCode = 0;
      onTerminal = REFUSED.includes(args);
      await program.main();
      // a command that fails leaves most of the program out of the cache
      if ((process.exitCode === 0) === REFUSED.includes(args))
        throw new Error(`${backend}: ${args.join(' ')} ended with ${process.exitCode}`);
    }
  }
  process.exitCode = 0;
}

async function main() {
  for (const flag of FLAGS) v8.setFlagsFromString(`--no-${flag}`);
  const scripts = new Map();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lvs-warm-'));
  const { dlopen, env } = process;
  process.dlopen = (module) => {
    module.exports = { NativeNetlink };
  };
  Object.assign(fs, STAND_INS);
  try {
    const names = ['ipvsadm', 'change', 'local', 'localchange'];
    const programs = Object.fromEntries(
      names.map((name) => [name, load(path.join(DIST, `${name}.cjs`), scripts)]),
    );
    await runCommands(load(path.join(DIST, 'lvsctl.cjs'), scripts), folder, env);
    await runMonitor(load(path.join(DIST, 'monitor.cjs'), scripts), folder, env);
    await runIpvsadm(programs, folder, env);
  } finally {
    Object.assign(process, { dlopen, env });
    Object.assign(fs, { openSync, closeSync, fstatSync, readSync, writeSync });
    fs.rmSync(folder, { recursive: true });
  }
  for (const flag of FLAGS) v8.setFlagsFromString(`--${flag}`);
  for (const [file, script] of scripts) {
    const cache = file.replace(/cjs$/, `${process.version}.cache`);
    fs.writeFileSync(`${cache}.tmp`, pack(script.createCachedData(), fs.readFileSync(file)), {
      mode: 0o644,
    });
    fs.renameSync(`${cache}.tmp`, cache);
  }
}

main();
