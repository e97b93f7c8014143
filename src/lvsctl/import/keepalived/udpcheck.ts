// UDP_CHECK: what is sent, and what the reply must be.
import type { CheckEntry } from '../draft.js';
import type { Conversion, Handler, Vocabulary } from './conversion.js';
import type { Statement } from './statements.js';

export interface UdpDraft {
  payload?: string;
  requireReply?: boolean;
  reply?: string;
  minLength?: number;
  maxLength?: number;
}

const length =
  (key: 'minLength' | 'maxLength'): Handler<UdpDraft> =>
  (draft, statement, conversion) => {
    const value = conversion.number(statement, { min: 0, max: 65_507 });
    if (value !== undefined) draft[key] = value;
  };

export const UDP_KEYWORDS: Vocabulary<UdpDraft> = {
  payload(draft, statement, conversion) {
    const bytes = bytesOf(statement.args, false);
    if (bytes === undefined)
      conversion.remarks.warn(statement, 'payload', 'not hexadecimal digits; nothing is sent');
    else draft.payload = bytes;
  },
  require_reply(draft, statement, { remarks }) {
    draft.requireReply = true;
    if (statement.args.length === 0) return;
    const bytes = bytesOf(statement.args, true);
    if (bytes === undefined || /x/i.test(bytes))
      remarks.warn(
        statement,
        'require_reply',
        bytes === undefined
          ? 'not hexadecimal digits; any reply passes'
          : 'digits left open (X) cannot be stated here; any reply passes',
      );
    else draft.reply = bytes;
  },
  min_reply_length: length('minLength'),
  max_reply_length: length('maxLength'),
};

/** A check of kind udp; keepalived takes replies of at most 255 bytes unless it is set otherwise. */
export function udpCheck(
  draft: UdpDraft,
  statement: Statement,
  _: unknown,
  { remarks }: Conversion,
): readonly CheckEntry[] {
  const { payload, requireReply = false, reply, minLength, maxLength = 255 } = draft;
  const least = minLength !== undefined && minLength > maxLength ? undefined : minLength;
  if (least !== minLength)
    remarks.warn(
      statement,
      'min_reply_length',
      `more than ${maxLength}, the most: left out; with keepalived the check always fails`,
    );
  return [
    {
      kind: 'udp',
      payload_hex: payload,
      ...(requireReply
        ? { reply: true, expect_hex: reply, min_length: least, max_length: maxLength }
        : {}),
    },
  ];
}

/**
 * `Ab12f 3 456` is AB 12 0F 03 45 06: pairs of digits, one alone before a blank or the end.
 * @returns digits in pairs, with X where any digit fits; undefined when it is something else
 */
function bytesOf(args: readonly string[], open: boolean): string | undefined {
  const text = args.join(' ');
  if (!(open ? /^[\da-fx\s]+$/i : /^[\da-f\s]+$/i).test(text)) return undefined;
  const bytes = text.match(/[\da-fx]{1,2}/gi)?.map((one) => one.padStart(2, '0')) ?? [];
  return bytes.length === 0 ? undefined : bytes.join('').toUpperCase();
}
