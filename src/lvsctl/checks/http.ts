// Answers an HTTP request.

import { HTTP_KEYS, httpConsistency, httpSpec } from './request.js';
import { checkRow } from './row.js';

export const http = checkRow({
  keys: HTTP_KEYS,
  defaultPort: 80,
  vip: 'route',
  label: ({ path }) => `http ${path}`,
  toSpec: (check, { service }) => httpSpec(check, service, 80),
  consistency: httpConsistency,
});
