// Which request is answered with what.
import { VERSION } from '../../render/version.js';
import { LvsctlError } from '../errors.js';
import { jsonText } from '../json.js';
import type { Sample, Sampler } from '../sample/sampler.js';
import { type Watched, watchedOf } from '../sample/watched.js';
import { DOCUMENTS, type DocumentName, documentText, ratesDocument } from '../show/documents.js';
import type { Report } from '../show/report.js';
import { type Administer, administer } from './administer.js';
import { answerOf, jsonAnswer } from './answers.js';
import type { AnswerConnections } from './connections.js';
import { csvText } from './csv.js';
import type { EventLog } from './events.js';
import { formatFor, type Labels, METRIC_FORMATS, metricsText } from './exposition.js';
import type { Live } from './live.js';
import type { WebAnswer, WebMachine, WebRequest } from './machine.js';
import { metricsOf } from './metrics.js';
import { nodeExporterMetrics } from './nodeexporter.js';
import { pageAnswer } from './page.js';

/** What requests are answered from. */
export interface ServeParts {
  readonly sampler: Sampler;
  readonly live: Live;
  readonly events: EventLog;
  readonly web: WebMachine;
  /** undefined = nothing may be changed */
  readonly administer: Administer | undefined;
  readonly needsToken: boolean;
  readonly nodeExporterNames: boolean;
  /** of every metric, beside its own */
  readonly labels: Labels;
  readonly connections: AnswerConnections;
  /** texts of a sample that were made already */
  readonly made: WeakMap<Sample, Map<string, Promise<Uint8Array>>>;
}

export interface WebRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** also for clients without the token */
  readonly open?: true;
  readonly answer: (parts: ServeParts, request: WebRequest) => Promise<WebAnswer>;
}

const JSON_TYPE = 'application/json';

/** A sample of this age is as good as a new one. */
const FRESH_MS = 1000;

// biome-ignore format: a table
export const WEB_ROUTES: readonly WebRoute[] = [
  { method: 'GET', path: '/', open: true, answer: async ({ web }) => pageAnswer(web.page(), web) },
  { method: 'GET', path: '/healthz', open: true, answer: health },
  { method: 'GET', path: '/metrics', answer: metrics },
  { method: 'GET', path: '/stats.csv', answer: (parts, request) => text(parts, request, 'text/csv; charset=utf-8', 'csv', csvText) },
  { method: 'GET', path: '/api/v1/about', open: true, answer: about },
  { method: 'GET', path: '/api/v1/watch', answer: (parts, request) => text(parts, request, JSON_TYPE, 'watch', (watched) => `${jsonText(watched)}\n`) },
  ...(Object.keys(DOCUMENTS) as DocumentName[]).map((name): WebRoute => ({ method: 'GET', path: `/api/v1/${name}`, answer: (parts, request) => table(parts, request, name) })),
  { method: 'GET', path: '/api/v1/rates', answer: rates },
  { method: 'GET', path: '/api/v1/connections', answer: (parts, request) => parts.connections(request) },
  { method: 'GET', path: '/api/v1/history', answer: (parts, request) => text(parts, request, JSON_TYPE, 'history', () => `${jsonText(parts.live.history())}\n`) },
  { method: 'GET', path: '/api/v1/events', answer: async ({ events }) => jsonAnswer(jsonText({ format: 'lvs events', version: 1, events: events.latest })) },
  { method: 'GET', path: '/api/v1/stream', answer: stream },
  { method: 'POST', path: '/api/v1/servers/drain', answer: (parts, request) => administer('drain', parts.administer, request) },
  { method: 'POST', path: '/api/v1/servers/disable', answer: (parts, request) => administer('disable', parts.administer, request) },
  { method: 'POST', path: '/api/v1/servers/enable', answer: (parts, request) => administer('enable', parts.administer, request) },
  { method: 'POST', path: '/api/v1/servers/weight', answer: (parts, request) => administer('weight', parts.administer, request) },
];

/** 200 while the table can be read; no more than that, for it is open to all. */
async function health({ sampler }: ServeParts): Promise<WebAnswer> {
  const { report } = await sampler.current(FRESH_MS);
  return report === undefined
    ? answerOf(503, 'text/plain; charset=utf-8', 'the IPVS table cannot be read\n')
    : answerOf(200, 'text/plain; charset=utf-8', 'ok\n');
}

/** What a client needs to know before it has the token. */
async function about({ web, administer, needsToken }: ServeParts): Promise<WebAnswer> {
  const parts = { host: web.hostname, admin: administer !== undefined, token: needsToken };
  return jsonAnswer(jsonText({ format: 'lvs about', version: 1, lvsctl: VERSION, ...parts }));
}

async function metrics(parts: ServeParts, request: WebRequest): Promise<WebAnswer> {
  const { accept } = request.headers;
  const format = formatFor(typeof accept === 'string' ? accept : undefined);
  return text(parts, request, METRIC_FORMATS[format], format, (watched, { took, monitor }) => {
    const changes = new Map(
      monitor?.services.map(({ name, service }) => [
        service,
        parts.events.changes.get(name) ?? new Map<string, number>(),
      ]),
    );
    const own = metricsOf(watched, { version: VERSION, took, changes });
    const others = parts.nodeExporterNames ? nodeExporterMetrics(watched) : [];
    return metricsText([...own, ...others], format, parts.labels);
  });
}

/** @throws why the table could not be read */
async function table(
  parts: ServeParts,
  request: WebRequest,
  name: DocumentName,
): Promise<WebAnswer> {
  const sample = await parts.sampler.current(FRESH_MS);
  const report = reportOf(sample);
  return textOf(parts, request, sample, JSON_TYPE, name, () => documentText(name, report));
}

/** Waits until there are rates, four seconds at most beyond the first reading. @throws as `table` */
async function rates(parts: ServeParts, request: WebRequest): Promise<WebAnswer> {
  const sample = await parts.sampler.rated(FRESH_MS);
  const report = reportOf(sample);
  return textOf(parts, request, sample, JSON_TYPE, 'rates', () => ratesDocument(sample, report));
}

function reportOf({ report, error }: Sample): Report {
  if (report !== undefined) return report;
  throw error ?? new LvsctlError('BACKEND', 'the IPVS table cannot be read');
}

/** Server-sent events, for as long as the client stays. */
async function stream({ live }: ServeParts): Promise<WebAnswer> {
  return {
    ...answerOf(200, 'text/event-stream', ': lvsctl serve\n\n'),
    stream: (write) => live.follow(write),
  };
}

async function text(
  parts: ServeParts,
  request: WebRequest,
  type: string,
  what: string,
  make: (watched: Watched, sample: Sample) => string,
): Promise<WebAnswer> {
  const sample = await parts.sampler.current(FRESH_MS);
  const { hostname } = parts.web;
  const made = () => make(watchedOf(sample, hostname), sample);
  return textOf(parts, request, sample, type, what, made);
}

/**
 * A text of a sample: made once, however many ask, and compressed once. As bytes, for Node copies
 * a string for each client, with three bytes a character.
 */
async function textOf(
  { web, made }: ServeParts,
  { headers }: WebRequest,
  sample: Sample,
  type: string,
  what: string,
  make: () => string,
): Promise<WebAnswer> {
  const texts = made.get(sample) ?? new Map<string, Promise<Uint8Array>>();
  made.set(sample, texts);
  const once = (key: string, make: () => Promise<Uint8Array>) => {
    const there = texts.get(key) ?? make();
    texts.set(key, there);
    return there;
  };
  const plain = () => once(what, async () => Buffer.from(make()));
  const vary = { vary: 'accept, accept-encoding' };
  if (!/\bgzip\b/.test(String(headers['accept-encoding'] ?? '')))
    return answerOf(200, type, await plain(), vary);
  const packed = await once(`${what} gzip`, async () => web.gzip(await plain()));
  return answerOf(200, type, packed, { 'content-encoding': 'gzip', ...vary });
}
