/** Just enough RADIUS to carry EAP to and from programs that know no IKE. RFC 2865, RFC 3579, RFC 2548 §2.4. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { on, once } from 'node:events';
import type { EapPacket, EapSession, Outcome } from '../../src/eap/index.ts';
import { EapCode } from '../../src/wire/numbers.ts';

const Code = { ACCESS_REQUEST: 1, ACCESS_ACCEPT: 2, ACCESS_REJECT: 3, ACCESS_CHALLENGE: 11 };
const Attribute = { USER_NAME: 1, NAS_ADDRESS: 4, STATE: 24, VENDOR: 26, EAP: 79, AUTHENTICATOR: 80 };
const microsoft = 311;
const sendKey = 16;
const receiveKey = 17;

interface Radius {
  readonly code: number;
  readonly identifier: number;
  readonly authenticator: Buffer;
  readonly attributes: readonly (readonly [type: number, value: Buffer])[];
}

/** An authentication server on a free port of 127.0.0.1, for one conversation. */
export class RadiusServer {
  readonly #socket = createSocket('udp4');
  readonly #secret: string;
  #session: EapSession | undefined;
  outcome: Outcome | undefined;

  /** `open` makes the session; the Identity request was another's, with this Identifier. */
  constructor(open: (identifier: number) => EapSession, secret: string) {
    this.#secret = secret;
    this.#socket.on('message', async (octets, { port, address }) => {
      const request = parse(octets);
      const eap = eapOf(request);
      if (request.code !== Code.ACCESS_REQUEST || eap === undefined) return;
      if (this.#session === undefined) {
        this.#session = open(eap.identifier);
        await this.#session.turn();
      }
      const { packet, outcome } = await this.#session.turn(eap);
      if (outcome) this.outcome = outcome;
      const code =
        outcome === undefined ? Code.ACCESS_CHALLENGE : outcome.ok ? Code.ACCESS_ACCEPT : Code.ACCESS_REJECT;
      const attributes = packet ? eapAttributes(packet) : [];
      if (outcome === undefined) attributes.push([Attribute.STATE, Buffer.from('one')]);
      if (outcome?.ok && outcome.msk) {
        const msk = Buffer.from(outcome.msk.octets);
        attributes.push(this.#key(receiveKey, msk.subarray(0, 32), request.authenticator));
        attributes.push(this.#key(sendKey, msk.subarray(32, 64), request.authenticator));
      }
      const { identifier, authenticator } = request;
      this.#socket.send(encode({ code, identifier, authenticator, attributes }, secret), port, address);
    });
  }

  async listen(): Promise<number> {
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }

  #key(type: number, key: Buffer, authenticator: Buffer): [number, Buffer] {
    const salt = Buffer.of(0x80, type);
    const text = Buffer.alloc(48);
    text[0] = key.length;
    key.copy(text, 1);
    const sealed = keyStream(text, this.#secret, authenticator, salt, 'seal');
    const head = Buffer.alloc(6);
    head.writeUInt32BE(microsoft, 0);
    head.set([type, 2 + salt.length + sealed.length], 4);
    return [Attribute.VENDOR, Buffer.concat([head, salt, sealed])];
  }
}

/** Asks the server at `port` with what `session`, a peer, answers. The keys are those of the Accept, as an MSK. */
export async function askRadius(
  session: EapSession,
  identity: string,
  port: number,
  secret: string,
): Promise<{ outcome: Outcome | undefined; keys: string }> {
  const socket: Socket = createSocket('udp4');
  // Not connected: the error of a port where nobody listens yet would end it.
  socket.bind(0, '127.0.0.1');
  const begin: EapPacket = { code: EapCode.REQUEST, identifier: 0, type: 1, data: new Uint8Array(0) };
  let turn = await session.turn(begin);
  let state: Buffer | undefined;
  let keys = '';
  try {
    for (let identifier = 0; turn.outcome === undefined && turn.packet !== undefined; identifier++) {
      const authenticator = randomBytes(16);
      const attributes: [number, Buffer][] = [
        [Attribute.USER_NAME, Buffer.from(identity)],
        [Attribute.NAS_ADDRESS, Buffer.of(127, 0, 0, 1)],
        ...eapAttributes(turn.packet),
      ];
      if (state) attributes.push([Attribute.STATE, state]);
      const request = encode({ code: Code.ACCESS_REQUEST, identifier, authenticator, attributes }, secret);
      const octets = await answerTo(socket, port, request);
      const answer = parse(octets);
      state = answer.attributes.find(([type]) => type === Attribute.STATE)?.[1];
      if (answer.code === Code.ACCESS_ACCEPT) keys = keysOf(answer, authenticator, secret);
      const eap = eapOf(answer);
      if (eap === undefined) break;
      turn = await session.turn(eap);
    }
  } finally {
    socket.close();
  }
  return { outcome: turn.outcome, keys };
}

/** Asks again and again, for the server may be starting still. */
async function answerTo(socket: Socket, port: number, request: Buffer): Promise<Buffer> {
  const ask = (): void => socket.send(request, port, '127.0.0.1');
  const again = setInterval(ask, 100);
  try {
    ask();
    for await (const [octets] of on(socket, 'message') as AsyncIterable<[Buffer]>)
      if (octets[1] === request[1]) return octets;
    throw new Error('no answer');
  } finally {
    clearInterval(again);
  }
}

function keysOf(answer: Radius, authenticator: Buffer, secret: string): string {
  return [receiveKey, sendKey]
    .map((wanted) => {
      const [, value] = answer.attributes.find(
        ([type, each]) =>
          type === Attribute.VENDOR && each.readUInt32BE(0) === microsoft && each[4] === wanted,
      ) ?? [0, Buffer.alloc(8)];
      const text = keyStream(value.subarray(8), secret, authenticator, value.subarray(6, 8), 'open');
      return text.subarray(1, 1 + (text[0] ?? 0)).toString('hex');
    })
    .join('');
}

/** RFC 2548 §2.4.2. */
function keyStream(
  text: Buffer,
  secret: string,
  authenticator: Buffer,
  salt: Buffer,
  way: 'seal' | 'open',
): Buffer {
  const out = Buffer.alloc(text.length);
  let last = Buffer.concat([authenticator, salt]);
  for (let at = 0; at < text.length; at += 16) {
    const pad = createHash('md5').update(secret).update(last).digest();
    for (let i = at; i < at + 16; i++) out[i] = (text[i] ?? 0) ^ (pad[i - at] ?? 0);
    last = Buffer.from((way === 'seal' ? out : text).subarray(at, at + 16));
  }
  return out;
}

function eapAttributes({ code, identifier, type, data }: EapPacket): [number, Buffer][] {
  const body = Buffer.concat([type === undefined ? Buffer.alloc(0) : Buffer.of(type), data]);
  const head = Buffer.of(code, identifier, (body.length + 4) >> 8, (body.length + 4) & 0xff);
  const whole = Buffer.concat([head, body]);
  const attributes: [number, Buffer][] = [];
  for (let at = 0; at < whole.length; at += 253)
    attributes.push([Attribute.EAP, whole.subarray(at, at + 253)]);
  return attributes;
}

function eapOf({ attributes }: Radius): EapPacket | undefined {
  const whole = Buffer.concat(
    attributes.filter(([type]) => type === Attribute.EAP).map(([, value]) => value),
  );
  const [code, identifier, , , type] = whole;
  if (code === undefined || identifier === undefined) return undefined;
  if (type === undefined) return { code, identifier, data: new Uint8Array(0) };
  return { code, identifier, type, data: Uint8Array.from(whole.subarray(5)) };
}

function parse(octets: Buffer): Radius {
  const attributes: [number, Buffer][] = [];
  for (let at = 20; at + 2 <= octets.length; at += octets[at + 1] || 2)
    attributes.push([octets[at] ?? 0, octets.subarray(at + 2, at + (octets[at + 1] || 2))]);
  return {
    code: octets[0] ?? 0,
    identifier: octets[1] ?? 0,
    authenticator: Buffer.from(octets.subarray(4, 20)),
    attributes,
  };
}

/** With its Message-Authenticator; of a response `authenticator` is the request's. */
function encode({ code, identifier, authenticator, attributes }: Radius, secret: string): Buffer {
  const all = [...attributes, [Attribute.AUTHENTICATOR, Buffer.alloc(16)] as const];
  const body = Buffer.concat(
    all.map(([type, value]) => Buffer.concat([Buffer.of(type, value.length + 2), value])),
  );
  const head = Buffer.of(code, identifier, (body.length + 20) >> 8, (body.length + 20) & 0xff);
  const whole = Buffer.concat([head, authenticator, body]);
  createHmac('md5', secret)
    .update(whole)
    .digest()
    .copy(whole, whole.length - 16);
  if (code !== Code.ACCESS_REQUEST) createHash('md5').update(whole).update(secret).digest().copy(whole, 4);
  return whole;
}
