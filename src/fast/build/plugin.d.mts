import type { Plugin } from 'esbuild';

export const CODE_FILE: string;
export function generatedParts(): Promise<{
  moduleSource(code: string): string;
  readonly code: Uint8Array;
}>;
export function generatedSource(): Promise<string>;
export const generated: Plugin;
export const generatedForTests: {
  readonly name: string;
  readonly enforce: 'pre';
  resolveId(id: string): string | undefined;
  load(id: string): Promise<string> | undefined;
};
