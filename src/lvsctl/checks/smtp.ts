// Greets as a mail server and answers EHLO.
import { optional } from '../config/field.js';
import { parsed } from '../config/scalar.js';
import { checkRow } from './row.js';
import { matching } from './values.js';

const mailName = parsed(
  'a name, or an address in brackets',
  matching(/^(?:[\w.-]+|\[[\w.:]+\])$/),
  { type: 'string' },
);

export const smtp = checkRow({
  keys: { helo: optional(mailName, 'localhost', 'name sent in EHLO') },
  defaultPort: 25,
  vip: 'route',
  label: () => 'smtp',
  toSpec: ({ helo }) => ({ kind: 'smtp', helo }),
});
