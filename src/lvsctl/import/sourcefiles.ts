// The files that an import reads.

export interface SourceFiles {
  /** @throws a system error with the path */
  readText(path: string): string;
  /**
   * The files that a shell pattern names (`*`, `?`, `[a-z]`, `{a,b}`), in order; none when there
   * are none.
   */
  filesMatching(pattern: string): readonly string[];
}
