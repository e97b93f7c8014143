// All kinds of probes, and what ends those under way.
import type { Open, Target, Verdict } from './attempt.js';
import { type DnsQuestion, dns } from './dns.js';
import { createExec, createPing, type Exec } from './exec.js';
import { createHttp, type HttpQuestion } from './http.js';
import { createRemote, type Remote } from './remote.js';
import { smtp } from './smtp.js';
import { tcp } from './tcp.js';
import { type UdpQuestion, udp } from './udp.js';

export interface SystemProbes {
  readonly tcp: (target: Target) => Promise<Verdict>;
  readonly http: (target: Target, question: HttpQuestion) => Promise<Verdict>;
  readonly dns: (target: Target, question: DnsQuestion) => Promise<Verdict>;
  readonly udp: (target: Target, question: UdpQuestion) => Promise<Verdict>;
  readonly smtp: (target: Target, helo: string) => Promise<Verdict>;
  readonly ping: (target: Target) => Promise<Verdict>;
  readonly exec: Exec;
}

/** @returns probes of which none rejects and all end within their time limit */
export function createProbes(): {
  readonly probes: SystemProbes;
  /** The same from a named network namespace, as far as that is possible. */
  readonly probesIn: (netns: string) => Remote;
  readonly end: () => void;
} {
  const open: Open = { ends: new Set(), over: false };
  const remotes = new Map<string, ReturnType<typeof createRemote>>();
  return {
    probes: {
      tcp: (target) => tcp(open, target),
      http: createHttp(open),
      dns: (target, question) => dns(open, target, question),
      udp: (target, question) => udp(open, target, question),
      smtp: (target, helo) => smtp(open, target, helo),
      // programs that hang must not stand in the way of pings
      ping: createPing(createExec(open)),
      exec: createExec(open),
    },
    probesIn(netns) {
      const remote = remotes.get(netns) ?? createRemote(netns, open);
      remotes.set(netns, remote);
      return remote.probes;
    },
    end() {
      open.over = true;
      for (const close of [...open.ends]) close();
      for (const remote of remotes.values()) remote.end();
    },
  };
}
