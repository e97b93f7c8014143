// `monitor.reload_on_change`: the file, and those that it includes, are read again when they change.
import { expect, test } from 'vitest';
import { FILE, stage } from '../../support/stage.js';

const ON = `${FILE}  reload_on_change: true\n`;
const INCLUDING = ON.replace(/services:[\s\S]*?(?=monitor:)/, 'include: ["s/*.yaml"]\n');
const SERVICES = /services:[\s\S]*?(?=monitor:)/.exec(FILE)?.[0] ?? '';
const lines = (one: ReturnType<typeof stage>) =>
  one.log().filter((line) => line.startsWith('reload'));

test('a change is taken once it has ended', async () => {
  const one = stage();
  one.texts.file = ON;
  void one.run();
  await one.pass(10_000);
  one.texts.file = ON.replace('weight: 3', 'weight: 5');
  await one.pass(900);
  one.texts.file = ON.replace('weight: 3', 'weight: 8');
  await one.pass(900);
  one.texts.file = ON.replace('weight: 3', 'weight: 9');
  await one.pass(900);
  expect(lines(one)).toEqual([]); // it goes on changing
  await one.pass(3000);
  expect(lines(one)).toEqual(['reloaded: web.yaml']);
  expect(await one.weights()).toMatchObject({ '10.0.0.1': 9 });
  await one.pass(600_000);
  expect(lines(one)).toHaveLength(1);
});

test('a file with an error is named once, and the one in force stays', async () => {
  const one = stage();
  one.texts.file = ON;
  void one.run();
  await one.pass(10_000);
  one.texts.file = ON.replace('weight: 3', 'weight: many');
  await one.pass(600_000);
  expect(lines(one)).toEqual([
    expect.stringMatching(/^reload-failed: web\.yaml:8:\d+: .*the previous file stays in force$/),
  ]);
  expect(await one.weights()).toMatchObject({ '10.0.0.1': 3 });
  one.texts.file = ON.replace('weight: 3', 'weight: 4');
  await one.pass(3000);
  expect(lines(one)).toHaveLength(2);
  expect(await one.weights()).toMatchObject({ '10.0.0.1': 4 });
});

test('included files count, also those that come and go', async () => {
  const one = stage();
  one.texts.file = INCLUDING;
  one.texts.others.set('s/a.yaml', SERVICES);
  void one.run();
  await one.pass(10_000);
  expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
  one.texts.others.set('s/a.yaml', SERVICES.replace('weight: 3', 'weight: 6'));
  await one.pass(3000);
  expect(await one.weights()).toMatchObject({ '10.0.0.1': 6 });
  // another service in a file of its own
  one.texts.others.set('s/b.yaml', SERVICES.replace('web', 'mail').replace('port: 80', 'port: 25'));
  await one.pass(3000);
  expect((await one.backend.services()).length).toBe(2);
  one.texts.others.set('s/b.yaml', 'services: [');
  await one.pass(60_000);
  expect(lines(one).at(-1)).toMatch(/^reload-failed: s\/b\.yaml:1:\d+: /);
  one.texts.others.delete('s/b.yaml');
  await one.pass(20_000);
  expect(lines(one)).toHaveLength(4);
  expect((await one.backend.services()).length).toBe(1);
});

test('SIGHUP in between is no second reload; without the key, or when it is taken out, nothing is', async () => {
  const one = stage();
  one.texts.file = ON;
  void one.run();
  await one.pass(10_000);
  one.texts.file = ON.replace('weight: 3', 'weight: 5');
  await one.pass(500);
  one.signal('SIGHUP');
  await one.pass(10_000);
  expect(lines(one)).toHaveLength(1);
  one.texts.file = FILE;
  await one.pass(3000);
  expect(lines(one)).toHaveLength(2);
  one.texts.file = FILE.replace('weight: 3', 'weight: 5');
  await one.pass(60_000);
  expect(lines(one)).toHaveLength(2);
  one.signal('SIGTERM');
  await one.pass(10);
});
