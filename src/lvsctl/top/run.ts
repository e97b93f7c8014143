// `lvsctl top`: takes samples, draws them, and does what keys ask for.

import { failureText } from '../failure.js';
import { jsonText } from '../json.js';
import { loginName } from '../login.js';
import type { Runtime, Screen } from '../monitor/runtime.js';
import { perform } from '../sample/act.js';
import { withLastingBackend } from '../sample/backend.js';
import { createHistory, type History } from '../sample/history.js';
import { takeReading } from '../sample/reading.js';
import { createSampler, type Sample, type Sampler } from '../sample/sampler.js';
import { type Watched, watchedOf } from '../sample/watched.js';
import type { World } from '../world.js';
import { AROUND, batchText, type FrameInput, frame } from './frame.js';
import { decodeKey, NO_KEYS } from './keys.js';
import { paint } from './paint.js';
import { rowsOf } from './rows.js';
import {
  type Effect,
  INITIAL,
  pressed,
  type TopAction,
  type TopState,
  withScroll,
} from './state.js';

export interface TopOptions {
  readonly batch: boolean;
  readonly json: boolean;
  /** samples after which it ends */
  readonly count: number;
  /** seconds between two samples */
  readonly delay: number;
  /** names of columns */
  readonly columns: readonly string[] | undefined;
  readonly readOnly: boolean;
  readonly socket: string | undefined;
  readonly state: Partial<TopState>;
}

/** two minutes of samples of two seconds */
const MOMENTS = 60;
/** of more lines, servers have no chart */
const MOST_ROWS = 2000;
const NO_TABLE = 2;

/** @returns the exit status */
export async function top(options: TopOptions, world: World): Promise<number> {
  const runtime = await world.runtime();
  const socket = options.socket ?? world.places().socket;
  const { world: here, close } = withLastingBackend(world);
  const sampler = createSampler({
    clock: runtime.clock,
    periodMs: options.delay * 1000,
    read: () => takeReading({ world: here, runtime, socket }),
  });
  const { hostname: host } = await world.web();
  const isBatch = options.batch || options.json || !world.screen;
  const stage: TopStage = { options, world: here, runtime, sampler, socket, host };
  try {
    return await (isBatch ? printAll(stage) : watch(stage));
  } finally {
    await close();
  }
}

interface TopStage {
  readonly options: TopOptions;
  readonly world: World;
  readonly runtime: Runtime;
  readonly sampler: Sampler;
  readonly socket: string;
  readonly host: string;
}

/** Prints sample after sample, the first one when there are rates. */
async function printAll(stage: TopStage): Promise<number> {
  const { options, world, runtime, sampler, host } = stage;
  const history = createHistory(MOMENTS);
  let printed = 0;
  let last: Sample = await sampler.rated(0);
  await new Promise<void>((resolve) => {
    const end = () => {
      stop();
      endSignals();
      resolve();
    };
    const endSignals = runtime.onSignal(end);
    const stop = sampler.follow((sample) => {
      last = sample;
      const watched = watchedOf(sample, host);
      remember(history, watched);
      const rows = rowsOf(watched, { ...INITIAL, ...options.state });
      const state = { ...INITIAL, ...options.state };
      const visible = { rows, height: rows.length, readOnly: true };
      const input = inputOf(stage, watched, state, visible, history, world.width);
      world.out(
        options.json
          ? `${jsonText(watched)}\n`
          : `${printed > 0 ? '\n' : ''}${batchText({ ...input, colour: false })}`,
      );
      printed++;
      if (printed >= options.count || !world.isRead()) queueMicrotask(end);
    });
  });
  if (last.error) world.err(`lvsctl: ${last.error.message}\n`);
  return last.report === undefined ? NO_TABLE : 0;
}

function inputOf(
  { options, world }: TopStage,
  watched: Watched,
  state: TopState,
  visible: FrameInput['visible'],
  history: History,
  width: number,
): FrameInput {
  const { colour, unicode } = world;
  const series = (key: string) => history.of(key).map((point) => point?.[0] ?? null);
  return { watched, state, visible, series, columns: options.columns, width, colour, unicode };
}

function remember(history: History, { time, services }: Watched): void {
  const values = new Map<string, readonly (number | null)[]>();
  const count = services.reduce((sum, { servers }) => sum + 1 + servers.length, 0);
  for (const { service, rates, servers } of services) {
    values.set(service, [rates?.connections ?? null]);
    if (count > MOST_ROWS) continue;
    for (const { server, rates } of servers)
      values.set(`${service} ${server}`, [rates?.connections ?? null]);
  }
  history.add(Date.parse(time) / 1000, values);
}

/** Until `q`, a signal, or a closed terminal. */
async function watch(stage: TopStage): Promise<number> {
  const { runtime, world, sampler } = stage;
  world.ignoreOutputErrors();
  const screen = runtime.openScreen();
  try {
    await new Promise<void>((resolve) => {
      const view = createView(stage, screen, resolve);
      const enter = () => {
        screen.enter();
        redraw(view);
      };
      const ends = [
        sampler.follow((sample) => takeSample(view, sample)),
        screen.onResize(() => redraw(view)),
        runtime.onSignal(() => end(view)),
        runtime.readKeys((character) => takeKey(view, character), { leave: screen.leave, enter }),
      ];
      view.clean = () => {
        for (const end of ends) end();
      };
    });
    return 0;
  } finally {
    screen.close();
    runtime.leaveLostTerminal();
  }
}

/** What is on the screen, and what it is made from. */
interface LiveView {
  readonly stage: TopStage;
  readonly screen: Screen;
  readonly history: History;
  readonly done: () => void;
  state: TopState;
  keys: typeof NO_KEYS;
  /** what is shown: not the latest while paused */
  watched: Watched | undefined;
  latest: Watched | undefined;
  /** lines on the screen; undefined = not known */
  before: readonly string[] | undefined;
  /** samples so far */
  seen: number;
  clean: () => void;
  isOver: boolean;
}

function createView(stage: TopStage, screen: Screen, done: () => void): LiveView {
  return {
    stage,
    screen,
    history: createHistory(MOMENTS),
    done,
    state: { ...INITIAL, ...stage.options.state },
    keys: NO_KEYS,
    watched: undefined,
    latest: undefined,
    before: undefined,
    seen: 0,
    clean() {},
    isOver: false,
  };
}

function draw(view: LiveView): void {
  const { stage, screen, watched, history } = view;
  if (watched === undefined || view.isOver) return;
  const { columns, rows } = screen.size();
  const visible = visibleNow(view, watched, rows);
  view.state = withScroll(view.state, visible);
  const lines = frame(inputOf(stage, watched, view.state, visible, history, columns));
  const now = lines.slice(0, rows);
  screen.write(paint(view.before, now));
  view.before = now;
}

function visibleNow(
  { stage, state }: LiveView,
  what: Watched,
  rows: number,
): FrameInput['visible'] {
  const height = Math.max(1, rows - AROUND);
  return { rows: rowsOf(what, state), height, readOnly: stage.options.readOnly };
}

function redraw(view: LiveView): void {
  view.before = undefined;
  draw(view);
}

function end(view: LiveView): void {
  if (view.isOver) return;
  view.isOver = true;
  view.clean();
  view.done();
}

function takeSample(view: LiveView, sample: Sample): void {
  const { stage, history } = view;
  view.latest = watchedOf(sample, stage.host);
  remember(history, view.latest);
  if (!view.state.paused) view.watched = view.latest;
  draw(view);
  if (++view.seen >= stage.options.count) queueMicrotask(() => end(view));
}

function takeKey(view: LiveView, character: string): void {
  const decoded = decodeKey(view.keys, character);
  view.keys = decoded.state;
  for (const key of decoded.keys) {
    if (view.watched === undefined) {
      if (key === 'q' || key === 'ctrl-c') end(view);
      continue;
    }
    const visible = visibleNow(view, view.watched, view.screen.size().rows);
    const step = pressed(view.state, key, visible);
    view.state = step.state;
    if (!view.state.paused && view.latest) view.watched = view.latest;
    draw(view);
    takeEffect(view, step.effect);
  }
}

function takeEffect(view: LiveView, effect: Effect | undefined): void {
  if (effect?.kind === 'quit') end(view);
  else if (effect?.kind === 'redraw') redraw(view);
  else if (effect?.kind === 'act') void act(view, effect.action);
}

async function act(view: LiveView, action: TopAction): Promise<void> {
  const { world, runtime, socket } = view.stage;
  const lines: string[] = [];
  // a warning must not move the picture
  const quiet: World = { ...world, err: (text) => void lines.push(text.trim()) };
  const request = { ...action, reason: '', by: loginName(world), for_seconds: null };
  const message = await perform(request, quiet, runtime, socket).catch((error) => {
    const why = failureText(error);
    if (why === undefined) throw error;
    return why;
  });
  view.state = { ...view.state, message: [message, ...lines].join('; ') };
  draw(view);
}
