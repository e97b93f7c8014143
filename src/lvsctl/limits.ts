// How much of a file is read, in bytes: more than this is a wrong file.
const MEBIBYTE = 2 ** 20;

/** an lvsctl file, saved rules, events */
export const SETTINGS_LIMIT = 64 * MEBIBYTE;
/** an access log, arrivals */
export const LOG_LIMIT = 256 * MEBIBYTE;
/** facts of a machine: its packet filter and table */
export const FACTS_LIMIT = 256 * MEBIBYTE;
