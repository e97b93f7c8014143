// Takes the place of `node-gyp-build` in the bundle: finds the native part of the `netlink` package
// without a search.
import fs = require('node:fs');
import path = require('node:path');

/**
 * Where the package lies when this file is `dist/ipvsadm.cjs` of a checkout, or of a package
 * installed beside it.
 */
const PACKAGE_DIRS = ['../node_modules/netlink', '../../netlink'];

/**
 * Loads the prebuilt binding of this platform; where there is none, asks node-gyp-build, which also
 * finds one that was compiled.
 */
function load(): unknown {
  for (const directory of PACKAGE_DIRS) {
    const file = path.join(
      __dirname,
      directory,
      'prebuilds',
      `${process.platform}-${process.arch}`,
      'node.napi.node',
    );
    if (fs.existsSync(file)) {
      const module = { exports: {} };
      process.dlopen(module, file);
      return module.exports;
    }
  }
  const manifest = require.resolve('netlink/package.json');
  return require(require.resolve('node-gyp-build', { paths: [manifest] }))(path.dirname(manifest));
}

export = load;
