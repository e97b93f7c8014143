// Events of the running monitor as they come, each checked before it is believed.
import type { NumberedEvent } from '../process/feed.js';
import type { Runtime } from '../runtime.js';
import { EVENT } from './answers.js';
import { badAnswer, parsed, refusal, socketError } from './request.js';

/** characters of a line; a reason is shorter */
const LONGEST_LINE = 1024 * 1024;

/**
 * @param since the number of the last event that is known
 * @returns `done` when the answer has ended, at the end of the monitor too; `end` ends it
 * @throws from `done` as the requests of request.ts
 */
export function followEvents(
  { follow }: Pick<Runtime, 'follow'>,
  socket: string,
  options: { readonly since: number; readonly follow: boolean },
  take: (event: NumberedEvent) => void,
): { readonly done: Promise<void>; end(): void } {
  let text = '';
  let problem: string | undefined;
  const url = `/v1/events?since=${options.since}&follow=${options.follow ? 1 : 0}`;
  const { answer, end } = follow(socket, url, (piece) => {
    text += piece;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const event = parsed(line);
      if (isError(event)) text = line;
      else {
        problem ??= EVENT(event, '');
        if (problem === undefined) take(event as NumberedEvent);
      }
    }
    if (text.length > LONGEST_LINE) problem ??= 'a line has no end';
    if (problem !== undefined) end();
  });
  return { done: finish(), end };

  async function finish(): Promise<void> {
    const status = await answer.catch((error) => {
      throw socketError(error, socket);
    });
    if (status > 200) throw refusal(parsed(text), socket);
    if (problem !== undefined) throw badAnswer(socket, problem);
  }
}

/** The body of a status other than 200. */
function isError(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'error' in value;
}
