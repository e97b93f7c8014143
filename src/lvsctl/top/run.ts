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
      const live = createView(stage, screen, resolve);
      const ends = [
        sampler.follow(live.sample),
        screen.onResize(live.redraw),
        runtime.onSignal(() => live.end()),
        runtime.readKeys(live.key, { leave: screen.leave, enter: () => live.resume() }),
      ];
      live.onEnd(() => {
        for (const end of ends) end();
      });
    });
    return 0;
  } finally {
    screen.close();
    runtime.leaveLostTerminal();
  }
}

/** What is on the screen, and what it is made from. */
function createView(stage: TopStage, screen: Screen, done: () => void) {
  const { options, world, runtime, host } = stage;
  const history = createHistory(MOMENTS);
  let state: TopState = { ...INITIAL, ...options.state };
  let keys = NO_KEYS;
  let watched: Watched | undefined;
  let latest: Watched | undefined;
  let before: readonly string[] | undefined;
  let seen = 0;
  let clean = () => {};
  let isOver = false;

  function draw(): void {
    if (watched === undefined || isOver) return;
    const { columns, rows } = screen.size();
    const visible = visibleNow(watched, rows);
    state = withScroll(state, visible);
    const now = frame(inputOf(stage, watched, state, visible, history, columns)).slice(0, rows);
    screen.write(paint(before, now));
    before = now;
  }
  function visibleNow(what: Watched, rows: number) {
    const height = Math.max(1, rows - AROUND);
    return { rows: rowsOf(what, state), height, readOnly: options.readOnly };
  }
  function redraw(): void {
    before = undefined;
    draw();
  }
  function end(): void {
    if (isOver) return;
    isOver = true;
    clean();
    done();
  }
  function take(effect: Effect | undefined): void {
    if (effect?.kind === 'quit') end();
    else if (effect?.kind === 'redraw') redraw();
    else if (effect?.kind === 'act') void act(effect.action);
  }
  async function act(action: TopAction): Promise<void> {
    const lines: string[] = [];
    // a warning must not move the picture
    const quiet: World = { ...world, err: (text) => void lines.push(text.trim()) };
    const request = { ...action, reason: '', by: loginName(world), for_seconds: null };
    const message = await perform(request, quiet, runtime, stage.socket).catch((error) => {
      const why = failureText(error);
      if (why === undefined) throw error;
      return why;
    });
    state = { ...state, message: [message, ...lines].join('; ') };
    draw();
  }
  return {
    redraw,
    end,
    onEnd(work: () => void) {
      clean = work;
    },
    resume() {
      screen.enter();
      redraw();
    },
    sample(sample: Sample) {
      latest = watchedOf(sample, host);
      remember(history, latest);
      if (!state.paused) watched = latest;
      draw();
      if (++seen >= options.count) queueMicrotask(end);
    },
    key(character: string) {
      const decoded = decodeKey(keys, character);
      keys = decoded.state;
      for (const key of decoded.keys) {
        if (watched === undefined) {
          if (key === 'q' || key === 'ctrl-c') end();
          continue;
        }
        const step = pressed(state, key, visibleNow(watched, screen.size().rows));
        state = step.state;
        if (!state.paused && latest) watched = latest;
        draw();
        take(step.effect);
      }
    },
  };
}
