// Requests of the page. Server-sent events are read with fetch, since an EventSource cannot send
// the token.

export interface StreamHandlers {
  readonly message: (event: string, data: string) => void;
  /** `live` from the first message on */
  readonly state: (state: 'live' | 'lost' | 'token') => void;
}

/** seconds after which a silent connection counts as lost; samples come every two */
const SILENCE_MS = 60_000;
const AGAIN_MS = 2000;

/** Follows for ever. @param token asked anew for each connection @returns begins anew at once */
export function follow(token: () => string, { message, state }: StreamHandlers): () => void {
  let current: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  async function connect(): Promise<void> {
    const abort = new AbortController();
    current = abort;
    let silence: ReturnType<typeof setTimeout> | undefined;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => abort.abort(), SILENCE_MS);
    };
    try {
      listen();
      const answer = await fetch('/api/v1/stream', {
        headers: authorization(token()),
        signal: abort.signal,
      });
      if (answer.status === 401) return state('token');
      if (!answer.ok || !answer.body) throw new Error(`${answer.status}`);
      await read(answer.body, (event, data) => {
        listen();
        message(event, data);
        state('live');
      });
      throw new Error('it ended');
    } catch {
      if (current !== abort) return; // another connection has begun
      state('lost');
      timer = setTimeout(() => void connect(), AGAIN_MS);
    } finally {
      clearTimeout(silence);
    }
  }
  void connect();
  return () => {
    clearTimeout(timer);
    const before = current;
    void connect();
    before?.abort();
  };
}

async function read(
  body: ReadableStream<Uint8Array>,
  message: (event: string, data: string) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    for (const one of messages) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/s.exec(one) ?? [];
      if (event !== undefined && data !== undefined) message(event, data);
    }
  }
}

function authorization(token: string): Record<string, string> {
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}

/** @returns why it failed, undefined when it did not */
export async function post(path: string, body: object, token: string): Promise<string | undefined> {
  try {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization(token) },
      body: JSON.stringify(body),
    });
    if (answer.ok) return undefined;
    const { error } = (await answer.json()) as { error: { message: string } };
    return error.message;
  } catch (error) {
    return String(error);
  }
}

export interface About {
  readonly host: string;
  readonly admin: boolean;
  readonly token: boolean;
}

/** Tries until it is answered. */
export async function about(): Promise<About> {
  for (;;) {
    try {
      const answer = await fetch('/api/v1/about');
      if (answer.ok) return (await answer.json()) as About;
    } catch {
      // the server is not there yet
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
