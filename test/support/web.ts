// HTTP without sockets: what a handler answers is asked directly.
import type { WebHandler, WebMachine, WebRequest } from '../../src/lvsctl/serve/machine.js';

export interface FakeWeb extends WebMachine {
  /** Asks the handler that listens. */
  ask(request: Partial<WebRequest>): ReturnType<WebHandler>;
  readonly closed: () => boolean;
  /** resolves when something listens */
  readonly listening: Promise<void>;
}

export function fakeWeb(): FakeWeb {
  let handler: WebHandler | undefined;
  let closed = false;
  let listens = () => {};
  const listening = new Promise<void>((resolve) => {
    listens = resolve;
  });
  return {
    async listen(place, _, handle) {
      handler = handle;
      listens();
      const urls = [place.kind === 'tcp' ? `http://${place.host}:${place.port}/` : place.kind];
      const close = () => {
        closed = true;
      };
      return { urls, setTls: () => {}, close };
    },
    isSame: (one, other) => one === other,
    digest: (text) => `digest of ${text.length}`,
    gzip: async (text) => text,
    page: () => '<!doctype html><style>p {}</style><script>1</script>',
    hostname: 'director',
    ask(request) {
      if (handler === undefined) throw new Error('it does not listen');
      const headers = { host: 'localhost:9912' };
      return handler({ method: 'GET', url: '/', headers, body: '', ...request });
    },
    closed: () => closed,
    listening,
  };
}
