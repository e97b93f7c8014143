/**
 * Whether all sources, and all files that the last build wrote, are as they were after it, for
 * this Node: code caches are for one version alone.
 * @param root the folder with `src` and `dist`
 */
export declare function isBuilt(root: string): boolean;
/**
 * To be called before a build. What it returns is called after the build, and keeps what
 * `isBuilt` compares: when sources changed during it, nothing is kept.
 */
export declare function beginBuild(root: string): () => void;
