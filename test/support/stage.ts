// The monitor as a process, in a simulated world: signals, socket, log, hook, systemd.

import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { ALONE } from '../../src/lvsctl/config/context.js';
import { failureText } from '../../src/lvsctl/failure.js';
import { runMonitor, runOnce } from '../../src/lvsctl/monitor/process/run.js';
import type { ApiCall, ApiHandler, Runtime, Signal } from '../../src/lvsctl/monitor/runtime.js';
import { matching } from './lvsctl.js';
import { fails, PASSES, simulatedRuntime } from './simulated.js';

/** the key of the service of FILE */
export const KEY = 'tcp 192.0.2.1:80';
export const FILE = `
vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: nat
    servers: [{address: 10.0.0.1, weight: 3}, {address: 10.0.0.2}]
    sorry: {address: 10.0.9.9}
    checks: [{kind: tcp, interval: 2, timeout: 1, rise: 1, fall: 1}]
monitor:
  hook: [/usr/local/bin/page, --now]
  log: {format: text, file: /var/log/lvs.log}
`;
export const OPTIONS = {
  file: 'web.yaml',
  socket: '/run/s',
  state: '/var/s.json',
  onExit: 'leave' as const,
};

export function stage(
  options: Partial<typeof OPTIONS> | { onExit: 'remove' } = {},
  more: Partial<Runtime> = {},
) {
  const texts = { file: FILE, others: new Map<string, string>() };
  const down = new Set<string>();
  const hanging = new Set<string>();
  const base = simulatedRuntime({
    probe: (server) => ({
      outcome: down.has(server) ? fails('refused') : PASSES,
      tookMs: hanging.has(server) ? 1e9 : 1,
    }),
  });
  let handle: (signal: Signal) => void = () => {};
  let stderr = '';
  let answer: ApiHandler | undefined;
  const notified: string[] = [];
  const hooks: Record<string, string>[] = [];
  const runtime: Runtime = {
    ...base,
    // as of a file that is written anew each time
    fileStamp: (path) => texts.others.get(path) ?? texts.file,
    onSignal(listen) {
      handle = listen;
      return () => {};
    },
    async serve(_, listen) {
      answer = listen;
      return {
        close() {
          answer = undefined;
        },
      };
    },
    async ask(_, call) {
      if (!answer) throw Object.assign(new Error('nobody'), { code: 'ENOENT' });
      const { status, body } = await answer({ body: '', ...call });
      return { status, body };
    },
    async notify(args) {
      notified.push(args.join(' '));
      return undefined;
    },
    async run(_, environment) {
      hooks.push({ ...environment });
      return undefined;
    },
    createLogOutput: () => ({
      write(text) {
        stderr += text;
      },
    }),
    ...more,
  };
  const ran: string[] = [];
  const backend = new MemoryBackend();
  const world = {
    runtime,
    backend,
    around: {
      ...ALONE,
      readText: (path: string) => texts.others.get(path) ?? texts.file,
      filesMatching: (pattern: string) => matching(pattern, [...texts.others.keys()]),
    },
    sysctl: () => '0\n',
    run: (_: string, args: readonly string[], input = '') => {
      ran.push(args.join(' ') + (input === '' ? '' : `: ${input.trim().replaceAll('\n', '; ')}`));
      return {
        status: args.includes('broken') ? 1 : 0,
        stdout: '',
        stderr: 'no such namespace\n',
      };
    },
    failureText,
  };
  return {
    runtime,
    backend,
    texts,
    ran,
    down,
    hanging,
    notified,
    hooks,
    files: base.files,
    pass: base.pass,
    log: () =>
      stderr
        .split('\n')
        .slice(0, -1)
        .map((line) => line.slice(25)),
    signal: (signal: Signal) => handle(signal),
    /** @returns the answer, of a refusal its message and hint */
    async ask(request: StageRequest) {
      const { status, body } = await runtime.ask('', callOf(request));
      const value = JSON.parse(body);
      return status === 200
        ? (value as unknown)
        : { refused: value.error.message, hint: value.error.hint };
    },
    call: (call: ApiCall) => runtime.ask('', call),
    run: () => runMonitor({ ...OPTIONS, ...options }, world),
    once: () => runOnce({ ...OPTIONS, ...options }, world),
    weights: async () =>
      Object.fromEntries(
        (
          await Promise.all(
            (await backend.services()).map(({ service }) => backend.destinations(service.id)),
          )
        )
          .flat()
          .map(({ destination }) => [
            destination.address.family === 'ipv4' ? destination.address.value >>> 0 : 0,
            destination.weight,
          ])
          .map(([value = 0, weight]) => [
            `10.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`,
            weight,
          ]),
      ),
  };
}

export type StageRequest =
  | { readonly ask: 'status' }
  | ({ readonly ask: 'admin'; readonly state: string | null } & Record<string, unknown>);

function callOf(request: StageRequest): ApiCall {
  if (request.ask === 'status') return { method: 'GET', url: '/v1/status' };
  const { ask: _, state, ...body } = request;
  const verb = { drained: 'drain', disabled: 'disable' }[state ?? ''] ?? 'enable';
  return { method: 'POST', url: `/v1/servers/${verb}`, body: JSON.stringify(body) };
}

/** A request of an administrator. */
export const say = (state: string | null, server: string, reason = '') => ({
  ask: 'admin' as const,
  state,
  server,
  service: null,
  reason,
  by: 'alice',
  for_seconds: null,
});
