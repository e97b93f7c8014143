// How V8 compiles what takes a tenth of a second in all.

/** Node 20; later ones optimize in other steps and have no such flag */
const V8_OF_NODE_20 = '11.';
/** bytes of bytecode that a function runs before it is optimized; V8 itself takes 67,584 */
const BUDGET = 1_000_000;
let isDone = !process.versions.v8.startsWith(V8_OF_NODE_20);

/**
 * Lets V8 optimize only what runs longest: of a command that ends soon, optimizing takes more time
 * of the processor than it saves. Measured by `npm run bench:native`.
 */
export async function optimizeLess(): Promise<void> {
  if (isDone) return;
  isDone = true;
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString(`--interrupt-budget=${BUDGET}`);
}
