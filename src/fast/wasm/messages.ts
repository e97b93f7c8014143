// The messages of a datagram: answers to one request, each an entry of a list.

/** The largest datagram that is taken. */
export const INPUT_BYTES: u32 = 32768;
/** Where a datagram is put. */
export const INPUT: usize = memory.data(32768, 8);

const HEADER: u32 = 16;
const GENERIC_HEADER: u32 = 4;
/** What is in front of the attributes of an entry. */
export const HEADERS: u32 = HEADER + GENERIC_HEADER;
/** smaller numbers are netlink's own messages */
const FIRST_TYPE: u16 = 16;
/** the flags of a message that is one of many; any other flag is left to the general reader */
const MULTI: u16 = 2;

/** The length of the message at `at` of a datagram; 0 where the general reader must decide. */
export function lengthAt(at: u32, end: u32, sequence: u32): u32 {
  if (at >= end || end - at < HEADERS) return 0;
  const message = INPUT + at;
  const length = load<u32>(message);
  const isOrdinary =
    length >= HEADERS &&
    length <= end - at &&
    load<u16>(message, 4) >= FIRST_TYPE &&
    load<u16>(message, 6) === MULTI &&
    load<u32>(message, 8) === sequence;
  return isOrdinary ? length : 0;
}

/** Where the next message begins. */
export function behind(at: u32, length: u32): u32 {
  return at + ((length + 3) & ~3);
}
