// The largest numbers that options take.

/** the largest weight and threshold */
export const MOST = 2147483647;
/** 31 days, in seconds */
export const LONGEST_TIMEOUT = 2678400;
