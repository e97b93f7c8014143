// The name of a network interface in a file.
import { isInterfaceName } from '../../model/interface.js';
import { interfaceHint } from './addresshint.js';
import { parsed } from './scalar.js';

export const device = parsed(
  'the name of a network interface',
  (value) => (isInterfaceName(value) ? value : undefined),
  { type: 'string', maxLength: 15, pattern: '^[!-.0-9;-~]+$' },
  interfaceHint,
);
