// The code of `wasm/`, ready to run: what it has, and what it is given.
import { formatAddress } from '../model/address.js';
import { code as compiled } from './generated.js';

/** A number that does not change. */
interface Constant {
  readonly value: number;
}

/** A memory whose buffer is another one after it has grown. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** What `wasm/listing.ts` exports; `at` and what is returned of it are places in the memory. */
export interface ListingCode {
  readonly memory: Memory;
  readonly INPUT: Constant;
  readonly INPUT_BYTES: Constant;
  readonly OUT: Constant;
  readonly FULL: Constant;
  readonly PREFIX: Constant;
  readonly ENTRY: Constant;
  readonly WIDTH: Constant;
  readonly count: Constant;
  readonly next: Constant;
  begin(): void;
  take(
    from: number,
    end: number,
    sequence: number,
    family: number,
    methods: number,
    counted: boolean,
  ): number;
  keep(
    entry: number,
    isIpv4: boolean,
    port: number,
    ...words: readonly [number, number, number, number]
  ): void;
  rowAt(n: number): number;
  arrange(sorted: boolean): void;
  placed(n: number): number;
  list(from: number, layout: number, full: boolean, at: number): number;
  save(from: number, prefix: number, at: number): number;
}

interface WebAssemblyOfNode {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, object>>,
  ) => { readonly exports: unknown };
}

/** Undefined where it cannot run: WebAssembly is off, its file is lost, or memory is short. */
export function loadCode(): ListingCode | undefined {
  const { WebAssembly } = globalThis as unknown as { WebAssembly?: WebAssemblyOfNode };
  if (WebAssembly === undefined) return undefined;
  const ipv6 = (words: number, at: number): number => {
    const { buffer } = code.memory;
    const [first, second, third, fourth] = new Uint32Array(buffer, words, 4);
    const address = [first, second, third, fourth] as [number, number, number, number];
    const text = formatAddress({ family: 'ipv6', words: address });
    return at + Buffer.from(buffer).write(text, at, 'latin1');
  };
  let code: ListingCode;
  try {
    const module = new WebAssembly.Module(compiled());
    code = new WebAssembly.Instance(module, { listing: { ipv6 } }).exports as ListingCode;
  } catch {
    return undefined;
  }
  return code;
}
