// `monitor.reload_on_change`: which files a configuration was read from, and whether they are
// others by now.
import type { FileContext } from '../../config/context.js';
import type { Clock } from '../runtime.js';

/** between two looks; a change that goes on is waited for */
const LOOK_MS = 1000;

/** Notes what is read through a context. */
export interface FileTracker {
  /** as the one given; what is read through it is noted */
  readonly context: FileContext;
  /** Forgets what was noted: another reading begins. */
  reset(): void;
  /** What was noted: files as they were just before they were read, and matches of patterns. */
  noted(): string;
  /** The same files and patterns as they are now. */
  now(): string;
}

/** @param stamp identifies the content of a file without reading it; '' = there is none */
export function trackFiles(context: FileContext, stamp: (path: string) => string): FileTracker {
  const files = new Map<string, string>();
  const patterns = new Map<string, readonly string[]>();
  const text = (stampOf: (path: string) => string, matches: (pattern: string) => unknown) =>
    JSON.stringify([
      [...files.keys()].map((path) => [path, stampOf(path)]),
      [...patterns.keys()].map((pattern) => [pattern, matches(pattern)]),
    ]);
  return {
    context: {
      ...context,
      readText(path) {
        files.set(path, stamp(path));
        return context.readText(path);
      },
      filesMatching(pattern) {
        const found = context.filesMatching(pattern);
        patterns.set(pattern, found);
        return found;
      },
    },
    reset() {
      files.clear();
      patterns.clear();
    },
    noted: () =>
      text(
        (path) => files.get(path) ?? '',
        (pattern) => patterns.get(pattern),
      ),
    now: () => text(stamp, (pattern) => context.filesMatching(pattern)),
  };
}

/**
 * Looks regularly whether the files changed, while it is on.
 * @param changed is called once for each change, when it has ended
 * @returns what ends it
 */
export function watchFiles(
  clock: Clock,
  { noted, now }: Pick<FileTracker, 'noted' | 'now'>,
  isOn: () => boolean,
  changed: () => void,
): () => void {
  let last = noted();
  /** what was reported, in force or refused */
  let reported = last;
  let cancel = () => {};
  const look = () => {
    if (isOn()) {
      const current = now();
      const isStable = current === last;
      last = current;
      if (isStable && current !== noted() && current !== reported) {
        reported = current;
        changed();
      }
    }
    cancel = clock.after(LOOK_MS, look);
  };
  cancel = clock.after(LOOK_MS, look);
  return () => cancel();
}
