// The recorded cases, by topic.
import { readdirSync, readFileSync } from 'node:fs';
import { VERSION } from '../../src/render/version.js';
import { type Case, parseTranscript } from './transcript.js';

const FOLDER = new URL('../golden/', import.meta.url);

/** Every transcript under test/golden, in the order of their names; `{version}` is this project's. */
export function goldenTopics(): { topic: string; cases: Case[] }[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => ({
      topic: name.slice(0, -'.txt'.length),
      cases: parseTranscript(
        readFileSync(new URL(name, FOLDER), 'utf8').replaceAll('{version}', VERSION),
      ),
    }));
}
