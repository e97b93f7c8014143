// The entry of the library. What it has is declared and documented in api.d.ts.
import type * as Api from './api.js';
import { diff, plan } from './difference.js';
import { LvsError } from './errors.js';
import { openFile, openKernel } from './open.js';
import { parseRules, renderRules } from './rules.js';
import { simulate } from './simulate.js';

export const library = {
  LvsError,
  diff,
  openFile,
  openKernel,
  parseRules,
  plan,
  renderRules,
  simulate,
} satisfies { readonly [K in Exclude<keyof typeof Api, 'LvsError'>]: (typeof Api)[K] } & {
  readonly LvsError: abstract new (...args: never[]) => Api.LvsError;
};
