/** Extensible Authentication payload: one EAP message. RFC 7296 §3.16, RFC 3748 §4. */
import { codec } from '../codec.ts';
import { EapCode, PayloadType } from '../numbers.ts';

export interface Eap {
  readonly kind: 'eap';
  /** EapCode. */
  readonly code: number;
  readonly identifier: number;
  /** EapType; absent in Success and Failure. */
  readonly type?: number;
  /** What follows Type, or Length where there is no Type. */
  readonly data: Uint8Array;
}

const headerLength = 4;

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     Code      | Identifier    |           Length              |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     Type      | Type_Data...
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-
 */
export const eap = codec<'eap', Eap>({
  kind: 'eap',
  type: PayloadType.eap,
  notation: 'EAP',

  parse(reader) {
    const whole = reader.remaining;
    const code = reader.u8('EAP Code');
    const identifier = reader.u8('EAP Identifier');
    const at = reader.at;
    const length = reader.u16('EAP Length');
    if (length !== whole) reader.fail('EAP Length', `${length} in a payload of ${whole} octets`, at);
    if (!hasType(code)) return { kind: 'eap', code, identifier, data: reader.rest() };
    return { kind: 'eap', code, identifier, type: reader.u8('EAP Type'), data: reader.rest() };
  },

  encode(writer, { code, identifier, type, data }) {
    writer.u8(code);
    writer.u8(identifier);
    writer.u16(headerLength + (type === undefined ? 0 : 1) + data.length);
    if (type !== undefined) writer.u8(type);
    writer.bytes(data);
  },
});

const hasType = (code: number): boolean =>
  code === EapCode.REQUEST ||
  code === EapCode.RESPONSE ||
  code === EapCode.INITIATE ||
  code === EapCode.FINISH;
