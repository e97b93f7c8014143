// The licences of the packages whose code is in the bundles, which must be copied along.
import { readdirSync, readFileSync } from 'node:fs';

/**
 * @param metafiles esbuild's, one a bundle
 * @returns the text of THIRD-PARTY-NOTICES
 * @throws Error a package that has no licence file: it cannot be shipped like that
 */
export function notices(metafiles) {
  const folders = new Set(metafiles.flatMap(shippedFiles).flatMap(folderOf));
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    return `${name} ${version} (${license})\n\n${licenceIn(folder).trim()}\n`;
  });
  return `${HEAD}\n${RULE}${parts.join(`\n${RULE}`)}`;
}

/** The sources that something of is left in a bundle. */
function shippedFiles({ outputs }) {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((path) => inputs[path].bytesInOutput > 0),
  );
}

const HEAD = 'The programs in this folder contain code of these packages.\n';
const RULE = `${'-'.repeat(78)}\n`;

/** `node_modules/a/node_modules/@b/c` of a file in it */
function folderOf(input) {
  const [, folder] = /^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
  return folder === undefined ? [] : [folder];
}

function licenceIn(folder) {
  const name = readdirSync(folder).find((one) => /^(?:licen[cs]e|copying)\b/i.test(one));
  if (name === undefined) throw new Error(`${folder}: no licence file`);
  return readFileSync(`${folder}/${name}`, 'utf8');
}
