/** put in by the build and by the tests' settings, from package.json (`src/version.mjs`) */
declare const LVS_CLI_VERSION: string;

/** Version of this project. */
export const VERSION = LVS_CLI_VERSION;
