// Makes the source of `generated.js`. The build, tests and benches load it through `plugin.mjs`.
import { PRINTED } from './tables.js';
import { serverTemplate } from './template.js';

export { tablesSource } from './tables.js';

/**
 * The module as text.
 * @param code an expression whose value is what AssemblyScript made of `wasm/`
 * @param version the number in that code
 */
export function moduleSource(code: string, version: number): string {
  const layouts = PRINTED.flatMap((layout, i) => (layout === undefined ? [] : [[layout, i]]));
  return `export const SERVER_REQUEST = ${JSON.stringify(serverTemplate())};
export const PRINTED = ${JSON.stringify(Object.fromEntries(layouts))};
export const VERSION = ${version};
export const code = () => ${code};
`;
}
