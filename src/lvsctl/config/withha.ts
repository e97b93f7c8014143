// What the key `ha` means for the other keys of a file.
import type { Config } from './file.js';

/**
 * The file with what `ha` means for its other keys: keepalived owns the VIPs, and both sync daemons
 * run on every director, also while it is the backup.
 */
export function withHa(config: Config): Config {
  const { ha } = config;
  if (ha?.engine !== 'keepalived') return config;
  const { interface: link, id: syncid } = ha;
  const daemon = (role: 'master' | 'backup'): Config['sync'][number] => ({
    role,
    interface: link ?? '',
    syncid,
    max_length: undefined,
    group: undefined,
    port: undefined,
    ttl: undefined,
  });
  return {
    ...config,
    vips: config.vips.map((vip) => ({ ...vip, managed: false })),
    sync: ha.sync ? [daemon('master'), daemon('backup')] : [],
  };
}
