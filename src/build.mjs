// Builds what is shipped: one CommonJS file a command. Needs nothing but esbuild.
import { build } from 'esbuild';

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // finds the native binding without a search; the package's own way costs more than all the rest at start-up
  alias: { 'node-gyp-build': './src/backend/binding.cts' },
  minifySyntax: true,
  minifyWhitespace: true,
  external: ['netlink/package.json'],
  logLevel: 'warning',
};

await Promise.all([
  build({ ...common, entryPoints: ['src/ipvsadm/main.ts'], outfile: 'dist/ipvsadm.cjs' }),
  build({ ...common, entryPoints: ['src/lvsctl/main.ts'], outfile: 'dist/lvsctl.cjs' }),
]);
