import type { Plugin } from 'esbuild';

export function generatedSource(): Promise<string>;
export const generated: Plugin;
export const generatedForTests: {
  readonly name: string;
  readonly enforce: 'pre';
  resolveId(id: string): string | undefined;
  load(id: string): Promise<string> | undefined;
};
