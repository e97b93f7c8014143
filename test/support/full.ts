/** `LVS_TEST_FULL=1 npm test` plays the long versions of random and kill tests. */
export const FULL = Boolean(process.env.LVS_TEST_FULL);
