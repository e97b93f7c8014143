/** `LVS_TEST_FULL=1 npm test` plays the long versions of random and kill tests. */
export const FULL = Boolean(process.env.LVS_TEST_FULL);

/**
 * Where seeds begin that are counted up: CI plays the tests on three Nodes, and each draws others.
 * What fails on one Node is repeated on the same one.
 */
export const FIRST_SEED = FULL ? 1 : Number(process.versions.node.split('.')[0]) * 10_000 + 1;
