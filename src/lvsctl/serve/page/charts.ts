// The two charts: new connections, and bytes in both directions, of one service or of all.
import uPlot from 'uplot';
import { find } from './dom.js';
import { short } from './model.js';

type Point = readonly (number | null)[];
export interface HistoryDocument {
  readonly keys: readonly string[];
  readonly times: readonly number[];
  readonly total: readonly Point[];
  readonly services: readonly { readonly service: string; readonly points: readonly Point[] }[];
}

/** ten minutes of samples, as the server keeps them */
const MOMENTS = 300;
const HEIGHT = 150;

export interface Charts {
  load(history: HistoryDocument): void;
  /** Adds a moment. @param rows values by service, '' for all */
  add(time: number, rows: ReadonlyMap<string, Point>): void;
  /** Shows a service, '' for all. */
  choose(service: string): void;
  /** After a change of colours. */
  repaint(): void;
}

export function createCharts(): Charts {
  let times: number[] = [];
  let rows = new Map<string, Point[]>();
  let chosen = '';
  let plots = make();

  function draw(): void {
    const points = rows.get(chosen) ?? times.map(() => []);
    const series = (key: number) => points.map((point) => point[key] ?? null);
    plots.connections.setData([times, series(0)]);
    plots.bytes.setData([times, series(3), series(4)]);
  }
  new ResizeObserver(() => {
    plots.connections.setSize(sizeOf('chart-connections'));
    plots.bytes.setSize(sizeOf('chart-bytes'));
  }).observe(find('chart-connections'));
  return {
    load(history) {
      times = [...history.times];
      rows = new Map(history.services.map(({ service, points }) => [service, [...points]]));
      rows.set('', [...history.total]);
      draw();
    },
    add(time, values) {
      if (time <= (times.at(-1) ?? 0)) return;
      times = [...times, time].slice(-MOMENTS);
      const keys = new Set([...rows.keys(), ...values.keys()]);
      rows = new Map(
        [...keys].map((key) => {
          const before = rows.get(key) ?? Array<Point>(times.length - 1).fill([]);
          return [key, [...before, values.get(key) ?? []].slice(-times.length)];
        }),
      );
      draw();
    },
    choose(service) {
      chosen = service;
      draw();
    },
    repaint() {
      plots.connections.destroy();
      plots.bytes.destroy();
      plots = make();
      draw();
    },
  };
}

function sizeOf(id: string): { width: number; height: number } {
  return { width: Math.max(200, find(id).clientWidth), height: HEIGHT };
}

function make() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 } };
  const line = (name: string, dash: number[] = []): uPlot.Series => ({
    stroke: colour(name),
    width: 2,
    dash,
    spanGaps: false,
    points: { show: false },
  });
  const plot = (id: string, series: uPlot.Series[]) =>
    new uPlot(
      {
        ...sizeOf(id),
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
        axes: [axis, { ...axis, size: 55, values: (_, ticks) => ticks.map((one) => short(one)) }],
        series: [{}, ...series],
      },
      [[], ...series.map(() => [])],
      find(id),
    );
  return {
    connections: plot('chart-connections', [line('--one')]),
    bytes: plot('chart-bytes', [line('--one'), line('--two', [6, 4])]),
  };
}
