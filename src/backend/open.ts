// LVS_BACKEND -> the backend.
import { BackendError } from '../model/errors.js';
import type { Backend } from './backend.js';
import type { Host } from './kernel.js';

const FILE = 'file:';

/**
 * Opens what LVS_BACKEND names: `kernel` (also when it is unset or empty), `memory`, or
 * `file:PATH`. Only that one is loaded.
 * @throws IpvsError operation `info`, when the kernel cannot be used
 * @throws BackendError when the name is unknown or the file is unusable
 */
export async function openBackend(name: string | undefined, host: Host): Promise<Backend> {
  if (name === undefined || name === '' || name === 'kernel')
    return (await import('./kernel.js')).openKernel(host);
  if (name === 'memory') return new (await import('./memory/memory.js')).MemoryBackend();
  if (name.startsWith(FILE) && name.length > FILE.length)
    return (await import('./table/file.js')).openFile(name.slice(FILE.length));
  throw new BackendError(`LVS_BACKEND=${name}: no such backend; use kernel, memory or file:PATH`);
}
