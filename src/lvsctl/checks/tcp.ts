// Accepts connections.
import { checkRow } from './row.js';

export const tcp = checkRow({
  keys: {},
  defaultPort: undefined,
  vip: 'route',
  label: () => 'tcp',
  toSpec: () => ({ kind: 'tcp' }),
});
