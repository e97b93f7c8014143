// Takes the place of `node-gyp-build` in the bundle: finds the native part of the `netlink` package
// without a search.
import path = require('node:path');

/**
 * Where the package lies when this file is `dist/ipvsadm.cjs` of a checkout, or of a package
 * installed beside it.
 */
const PACKAGE_DIRS = ['../node_modules/netlink', '../../netlink'];
const PREBUILT = `prebuilds/${process.platform}-${process.arch}/node.napi.node`;

/**
 * Loads the prebuilt binding of this platform; where there is none that can be loaded, asks
 * node-gyp-build, which also finds one that was compiled. Without any, opening a socket gives the
 * reason.
 */
function load(): unknown {
  for (const directory of PACKAGE_DIRS) {
    const module = { exports: {} };
    try {
      process.dlopen(module, `${__dirname}/${directory}/${PREBUILT}`);
      return module.exports;
    } catch {
      // not there, or of no use here
    }
  }
  try {
    const manifest = require.resolve('netlink/package.json');
    return require(require.resolve('node-gyp-build', { paths: [manifest] }))(
      path.dirname(manifest),
    );
  } catch (error) {
    return {
      NativeNetlink: class {
        constructor() {
          throw error;
        }
      },
    };
  }
}

export = load;
