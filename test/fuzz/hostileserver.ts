// The process in which the hostile servers of the fuzzer run, so that their work is not taken for
// that of the checks. Each message `{ seed }` opens the server of that case and is answered by
// `{ seed, port }`; `{ close: seed }` ends it.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { type HostileCase, hostileCase, type Script, scriptOf } from './hostile.js';

/** an endless part ends here, far beyond what a check reads */
const ENDLESS_BYTES = 32 * 1024 * 1024;
/** pieces at a time, so that the server gets to its other clients */
const BATCH = 200;
/** UDP datagrams of a flood */
const DATAGRAMS = 2000;

const directory = process.argv[2] ?? '';
/** key exchange that keeps a client at work for a tenth of a second */
const LARGE_GROUP = { ecdhCurve: 'ffdhe8192' };
const contexts = new Map<string, SecureContext>();
const servers = new Map<number, () => void>();

process.on('message', async (message: { seed?: number; close?: number }) => {
  if (message.close !== undefined) {
    servers.get(message.close)?.();
    servers.delete(message.close);
  }
  if (message.seed === undefined) return;
  const one = hostileCase(message.seed);
  const { port, close } = await open({ ...one, script: scriptOf(one) });
  servers.set(message.seed, close);
  process.send?.({ seed: message.seed, port });
});
process.on('disconnect', () => process.exit());

interface ServedCase extends HostileCase {
  readonly script: Script;
}

interface Opened {
  readonly port: number;
  readonly close: () => void;
}

async function open(one: ServedCase): Promise<Opened> {
  if (one.kind === 'udp') return openUdp(one);
  if (one.kind === 'dns') return openDns(one);
  return openTcp((socket) => serve(socket, one));
}

async function openTcp(handle: (socket: Socket) => void, port = 0): Promise<Opened> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    socket.setNoDelay(true);
    handle(socket);
  });
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', resolve),
  );
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function serve(socket: Socket, { kind, certificate, script }: ServedCase): void {
  if (kind !== 'https' || certificate === undefined) {
    play(socket, socket, script);
    return;
  }
  const secured = new TLSSocket(socket, { isServer: true, secureContext: contextOf(certificate) });
  secured.on('error', () => {});
  secured.once('secure', () => play(secured, socket, script));
}

function contextOf(certificate: string): SecureContext {
  const known = contexts.get(certificate);
  if (known) return known;
  const pem = (end: string) => readFileSync(`${directory}/${certificate}.${end}`);
  const context = createSecureContext({
    key: pem('key'),
    cert: pem('crt'),
    ...(certificate === 'large-group' ? LARGE_GROUP : {}),
  });
  contexts.set(certificate, context);
  return context;
}

/** Plays a script on a stream; `raw` is the connection below it. */
function play(stream: Socket, raw: Socket, script: Script): void {
  stream.on('error', () => {}).resume();
  const pieces = piecesOf(script);
  const step = () => {
    for (let i = 0; i < BATCH; i++) {
      if (!stream.writable) return;
      const { value, done } = pieces.next();
      if (done) return finish(stream, raw, script.end);
      const goesOn = stream.write(value.bytes);
      if (value.gapMs > 0) return void setTimeout(step, value.gapMs);
      if (!goesOn) return void stream.once('drain', step);
    }
    setImmediate(step);
  };
  if (script.polite) stream.once('data', step);
  else step();
}

function* piecesOf({ parts, endless }: Script): Generator<{ bytes: Buffer; gapMs: number }> {
  for (const { bytes, size, gapMs } of parts)
    for (let at = 0; at < bytes.length; at += size)
      yield { bytes: bytes.subarray(at, at + size), gapMs };
  const last = parts.at(-1);
  if (!endless || !last) return;
  for (let sent = 0; sent < ENDLESS_BYTES; sent += Math.min(last.size, last.bytes.length))
    yield { bytes: last.bytes.subarray(0, last.size), gapMs: last.gapMs };
}

function finish(stream: Socket, raw: Socket, how: Script['end']): void {
  if (how === 'end') stream.end();
  else if (how === 'reset') raw.resetAndDestroy();
}

function openUdp({ script }: ServedCase): Promise<Opened> {
  const bytes = script.parts[0]?.bytes.subarray(0, 60_000) ?? Buffer.alloc(0);
  return openDatagrams((_, send) => {
    for (let i = 0; i < (script.endless ? DATAGRAMS : 1); i++) send(bytes);
  });
}

function openDatagrams(
  handle: (query: Buffer, send: (answer: Buffer) => void) => void,
  port = 0,
): Promise<Opened> {
  const socket = createSocket('udp4');
  socket
    .on('error', () => {})
    .on('message', (query, from) =>
      handle(query, (answer) => socket.send(answer, from.port, from.address, () => {})),
    );
  return new Promise((resolve, reject) =>
    socket
      .once('error', reject)
      .bind(port, '127.0.0.1', () =>
        resolve({ port: socket.address().port, close: () => socket.close() }),
      ),
  );
}

async function openDns(one: ServedCase): Promise<Opened> {
  const bytes = one.script.parts[0]?.bytes ?? Buffer.alloc(0);
  const overTcp = await openTcp((socket) => {
    socket.once('data', (query) => {
      const answer = answerTo(query.subarray(2), one, bytes, 65_000);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(Math.min(answer.length, 65_535));
      const [part] = one.script.parts;
      play(socket, socket, {
        ...one.script,
        parts: [
          {
            bytes: Buffer.concat([length, answer]),
            size: part?.size ?? 100,
            gapMs: part?.gapMs ?? 0,
          },
        ],
        polite: false,
      });
    });
  });
  try {
    const overUdp = await openDatagrams((query, send) => {
      const answer = answerTo(query, one, bytes, 1200);
      for (let i = 0; i < (one.script.endless ? DATAGRAMS : 1); i++) send(answer);
    }, overTcp.port);
    return {
      port: overTcp.port,
      close() {
        overTcp.close();
        overUdp.close();
      },
    };
  } catch {
    overTcp.close();
    return openDns(one); // that number is another's for UDP
  }
}

// biome-ignore format: a table
const TYPES: Readonly<Record<string, number>> = { A: 1, NS: 2, CNAME: 5, MX: 15, TXT: 16, AAAA: 28, SRV: 33 };

/** An answer of at most `limit` bytes. */
function answerTo(query: Buffer, one: ServedCase, bytes: Buffer, limit: number): Buffer {
  if (one.dnsAnswer === 'script' || query.length < 17) return bytes.subarray(0, limit);
  const head = Buffer.from(query.subarray(0, 12));
  const truncated = one.dnsAnswer === 'truncated' && limit < 65_000;
  head.writeUInt16BE(truncated ? 0x8380 : 0x8180, 2);
  if (one.dnsAnswer === 'wrong-id') head.writeUInt16BE(head.readUInt16BE(0) ^ 0x5555, 0);
  const question = query.subarray(12, query.indexOf(0, 12) + 5);
  const records: Buffer[] = [];
  let size = 12 + question.length;
  for (
    let record = recordOf(one, bytes);
    !truncated && size + record.length <= limit;
    size += record.length
  )
    records.push(record);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, question, ...records]);
}

function recordOf({ dns, dnsAnswer, seed }: ServedCase, bytes: Buffer): Buffer {
  const text = bytes.subarray(0, 255);
  // biome-ignore format: a table
  const data: Readonly<Record<string, Buffer>> = {
    A: Buffer.from([10, 0, seed & 255, 9]),
    AAAA: Buffer.alloc(16, seed),
    TXT: Buffer.concat(Array.from({ length: 1 + (seed % 200) }, () => Buffer.concat([Buffer.from([text.length]), text]))).subarray(0, 60_000),
    MX: Buffer.concat([Buffer.from([0, 10]), nameOf(text)]),
    SRV: Buffer.concat([Buffer.from([0, 1, 0, 1, 0, 80]), nameOf(text)]),
    NS: nameOf(text),
    CNAME: nameOf(text),
  };
  // a name that points to itself
  const value = dnsAnswer === 'loop' ? Buffer.from([0xc0, 0x0c]) : (data[dns.type] ?? text);
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(TYPES[dns.type] ?? 1, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(60, 6);
  record.writeUInt16BE(value.length, 10);
  return Buffer.concat([record, value]);
}

/** A name of labels, whatever is in them. */
function nameOf(text: Buffer): Buffer {
  const label = text.subarray(0, 60);
  const one = Buffer.concat([Buffer.from([label.length]), label]);
  return Buffer.concat(label.length === 0 ? [Buffer.from([0])] : [one, one, one, Buffer.from([0])]);
}
