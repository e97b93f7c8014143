// What options take at most, and what holds without them.

export const DEFAULT_SCHEDULER = 'wlc';
/** characters of a scheduler's name; the rest is dropped */
export const LONGEST_SCHEDULER = 15;

/** the largest weight and threshold */
export const MOST = 2147483647;
/** 31 days, in seconds */
export const LONGEST_TIMEOUT = 2678400;
