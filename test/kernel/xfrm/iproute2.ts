/** `ip xfrm` command lines as typed messages: what iproute2 reads from its words, said with this library's values. */
import { type FamilyAddress, xfrmAddressOf } from '../../../src/kernel/xfrm/addresses.ts';
import type { XfrmAttribute } from '../../../src/kernel/xfrm/attributes.ts';
import type { XfrmMessage } from '../../../src/kernel/xfrm/messages.ts';
import * as n from '../../../src/kernel/xfrm/numbers.ts';
import * as r from '../../../src/kernel/xfrm/requests.ts';
import * as s from '../../../src/kernel/xfrm/structs.ts';
import { fromHex } from '../../../src/wire/hex.ts';

const protocols: Record<string, number> = { esp: 50, ah: 51, comp: 108, hao: 60, tcp: 6, udp: 17, gre: 47 };
const modes: Record<string, number> = { transport: 0, tunnel: 1, ro: 2, beet: 4 };
const flag = (group: Readonly<Record<string, number>>, name: string) =>
  group[name.toUpperCase().replaceAll('-', '_')] ?? fail(`flag ${name}`);

function fail(what: string): never {
  throw new Error(`not understood: ${what}`);
}

/** The words of a command line, one after another. */
class Words {
  readonly #words: string[];

  constructor(command: string) {
    this.#words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  }

  get done(): boolean {
    return this.#words.length === 0;
  }

  next(): string {
    return this.#words.shift() ?? fail('the end');
  }

  number(): number {
    return Number(this.next());
  }

  /** The next word's value when it is this one. */
  take(...names: string[]): boolean {
    const found = names.includes(this.#words[0] ?? '');
    if (found) this.#words.shift();
    return found;
  }

  /** Words that name flags. */
  flags(group: Readonly<Record<string, number>>): number {
    let flags = 0;
    while (!this.done && (this.#words[0] ?? '').toUpperCase().replaceAll('-', '_') in group) {
      flags |= flag(group, this.next());
    }
    return flags;
  }
}

/** The message of a command of `ip xfrm`. */
export function messageOf(command: string): XfrmMessage {
  const words = new Words(command.slice(command.indexOf('xfrm ') + 5));
  return words.next() === 'state' ? state(words) : policy(words);
}

function state(words: Words): XfrmMessage {
  const verb = words.next();
  if (verb === 'flush') return r.flushSas(words.take('proto') ? protocols[words.next()] : undefined);
  if (verb === 'count') return r.sadInfo();
  if (verb === 'list') return r.dumpSas(words.take('proto') ? protocols[words.next()] : undefined);
  const sa = new StateWords(words);
  const { source, destination, spi, proto, mode, reqid, seq, attributes } = sa;
  if (verb === 'allocspi') return r.allocateSpi({ ...sa, acquire: seq });
  if (verb === 'get' || verb === 'delete') {
    const body = s.userSaId.of({ daddr: destination.octets, spi, family: destination.family, proto });
    const address = { kind: 'SRCADDR', value: source.octets } as const;
    return { kind: verb === 'get' ? 'GETSA' : 'DELSA', body, attributes: [address, ...sa.marked] };
  }
  const body = s.userSaInfo.of({
    ...{ sel: sa.sel, saddr: source.octets, family: destination.family },
    id: s.id.of({ daddr: destination.octets, spi, proto }),
    lft: sa.limits,
    ...{ seq, reqid, mode, flags: sa.flags, replay_window: sa.plainWindow },
  });
  return { kind: verb === 'update' ? 'UPDSA' : 'NEWSA', body, attributes };
}

const noLimits = s.lifetimeCfg.of({
  ...{ soft_byte_limit: n.INF, hard_byte_limit: n.INF, soft_packet_limit: n.INF, hard_packet_limit: n.INF },
});

function limit(words: Words, limits: s.LifetimeCfg): s.LifetimeCfg {
  const name = words.next();
  const [what = '', ...kind] = name.split('-');
  const hardness = kind.at(-1);
  const field = {
    time: `${hardness}_${kind[0] === 'use' ? 'use' : 'add'}_expires_seconds`,
    byte: `${hardness}_byte_limit`,
    packet: `${hardness}_packet_limit`,
  }[what];
  return { ...limits, [field ?? fail(name)]: BigInt(words.next()) };
}

const unset: FamilyAddress = { family: 0, octets: new Uint8Array(16) };
const addressOf = (text: string) => xfrmAddressOf(text) ?? fail(text);

class StateWords {
  source = unset;
  destination = unset;
  sel: s.Selector = s.selector.zero();
  spi = 0;
  proto = 0;
  mode = 0;
  reqid = 0;
  seq = 0;
  min = 0x100;
  max = 0x0fff_ffff;
  flags = 0;
  limits = noLimits;
  #window = 0;
  #replay = { oseq: 0, seq: 0, oseq_hi: 0, seq_hi: 0 };
  /** As read, in the order of the words. */
  readonly #given: XfrmAttribute[] = [];
  readonly marked: XfrmAttribute[] = [];
  #extraFlags: number | undefined;
  #interface: number | undefined;
  readonly #output: XfrmAttribute[] = [];
  #padding: number | undefined;
  #offload: XfrmAttribute | undefined;

  constructor(words: Words) {
    while (!words.done) this.#word(words, words.next());
  }

  get #wide(): boolean {
    return this.#window > 32 || (this.flags & n.StateFlag.ESN) !== 0;
  }

  get plainWindow(): number {
    return this.#wide ? 0 : this.#window;
  }

  get attributes(): XfrmAttribute[] {
    const { seq, oseq } = this.#replay;
    const replay: XfrmAttribute[] = [];
    if (this.#wide) {
      const bmp_len = Math.ceil(this.#window / 32);
      const value = { bmp_len, ...this.#replay, replay_window: this.#window, bmp: [] };
      replay.push({ kind: 'REPLAY_ESN_VAL', value });
    } else if (seq || oseq) replay.push({ kind: 'REPLAY_VAL', value: { oseq, seq, bitmap: 0 } });
    const one = (kind: 'SA_EXTRA_FLAGS' | 'IF_ID' | 'TFCPAD', value: number | undefined): XfrmAttribute[] =>
      value === undefined ? [] : [{ kind, value }];
    return [
      ...this.#given,
      ...(this.#offload ? [this.#offload] : []),
      ...replay,
      ...one('SA_EXTRA_FLAGS', this.#extraFlags),
      ...this.marked,
      ...one('IF_ID', this.#interface),
      ...one('TFCPAD', this.#padding),
      ...this.#output,
    ];
  }

  #word(words: Words, word: string): void {
    const keyed = () => {
      const [alg_name, digits] = [words.next(), words.next()];
      const alg_key = fromHex(digits.replace(/^0x/, ''));
      return { alg_name, alg_key_len: alg_key.length * 8, alg_key };
    };
    const give = (attribute: XfrmAttribute) => this.#given.push(attribute);
    switch (word) {
      case 'src':
        this.source = addressOf(words.next());
        break;
      case 'dst':
        this.destination = addressOf(words.next());
        break;
      case 'proto':
        this.proto = protocols[words.next()] ?? fail('proto');
        break;
      case 'mode':
        this.mode = modes[words.next()] ?? fail('mode');
        break;
      case 'seq':
        // iproute2 swaps what the kernel takes and gives in the host's order.
        this.seq = new DataView(Uint32Array.of(words.number()).buffer).getUint32(0);
        break;
      case 'spi':
      case 'reqid':
      case 'min':
      case 'max':
        this[word] = words.number();
        break;
      case 'sel':
        this.sel = selector(words);
        break;
      case 'limit':
        this.limits = limit(words, this.limits);
        break;
      case 'flag':
        this.flags = words.flags(n.StateFlag);
        break;
      case 'replay-window':
        this.#window = words.number();
        break;
      case 'replay-seq':
      case 'replay-oseq':
      case 'replay-seq-hi':
      case 'replay-oseq-hi':
        this.#replay = { ...this.#replay, [word.slice(7).replace('-', '_')]: words.number() };
        break;
      case 'enc':
        give({ kind: 'ALG_CRYPT', value: keyed() });
        break;
      case 'auth':
        give({ kind: 'ALG_AUTH', value: keyed() });
        break;
      case 'comp': {
        const value = { alg_name: words.next(), alg_key_len: 0, alg_key: new Uint8Array(0) };
        give({ kind: 'ALG_COMP', value });
        break;
      }
      case 'auth-trunc':
        give({ kind: 'ALG_AUTH_TRUNC', value: { ...keyed(), alg_trunc_len: words.number() } });
        break;
      case 'aead':
        give({ kind: 'ALG_AEAD', value: { ...keyed(), alg_icv_len: words.number() } });
        break;
      case 'encap': {
        const encap_type = flag(n.Encapsulation, words.next());
        const [encap_sport, encap_dport] = [words.number(), words.number()];
        const encap_oa = addressOf(words.next()).octets;
        give({ kind: 'ENCAP', value: { encap_type, encap_sport, encap_dport, encap_oa } });
        break;
      }
      case 'coa':
        give({ kind: 'COADDR', value: addressOf(words.next()).octets });
        break;
      case 'ctx':
        give(context(words.next()));
        break;
      case 'mark':
        this.marked.push(mark(words));
        break;
      case 'extra-flag':
        this.#extraFlags = words.flags(n.ExtraFlag);
        break;
      case 'if_id':
        this.#interface = words.number();
        break;
      case 'output-mark':
        this.#output.push({ kind: 'SET_MARK', value: words.number() });
        if (words.take('mask')) this.#output.push({ kind: 'SET_MARK_MASK', value: words.number() });
        break;
      case 'tfcpad':
        this.#padding = words.number();
        break;
      case 'offload':
        // `lo` is interface 1 of every namespace.
        words.take('dev');
        words.take('lo');
        words.take('dir');
        this.#offload = {
          kind: 'OFFLOAD_DEV',
          value: { ifindex: 1, flags: words.next() === 'in' ? n.OffloadFlag.INBOUND : 0 },
        };
        break;
      default:
        fail(word);
    }
  }
}

function context(text: string): XfrmAttribute {
  const ctx = new TextEncoder().encode(`${text}\0`);
  const value = { len: 8 + ctx.length, exttype: 8, ctx_alg: 1, ctx_doi: 1, ctx_len: ctx.length, ctx };
  return { kind: 'SEC_CTX', value };
}

function mark(words: Words): XfrmAttribute {
  const v = words.number();
  return { kind: 'MARK', value: { v, m: words.take('mask') ? words.number() : 0xffff_ffff } };
}

function selector(words: Words): s.Selector {
  let sel: s.Selector = s.selector.zero();
  const prefix = () => {
    const [text = '', length] = words.next().split('/');
    const { family, octets } = addressOf(text);
    return { family, octets, length: Number(length ?? (family === n.AddressFamily.INET ? 32 : 128)) };
  };
  for (;;) {
    if (words.take('src')) {
      const { family, octets, length } = prefix();
      sel = { ...sel, family, saddr: octets, prefixlen_s: length };
    } else if (words.take('dst')) {
      const { family, octets, length } = prefix();
      sel = { ...sel, family, daddr: octets, prefixlen_d: length };
    } else if (words.take('dev')) {
      words.take('lo');
      sel = { ...sel, ifindex: 1 };
    } else if (words.take('proto')) {
      const name = words.next();
      sel = { ...sel, proto: name === 'ipv6-icmp' ? 58 : (protocols[name] ?? fail(name)) };
    } else if (words.take('sport', 'type')) sel = { ...sel, sport: words.number(), sport_mask: 0xffff };
    else if (words.take('dport')) sel = { ...sel, dport: words.number(), dport_mask: 0xffff };
    else if (words.take('key')) {
      const key = words.number();
      sel = { ...sel, sport: key >>> 16, sport_mask: 0xffff, dport: key & 0xffff, dport_mask: 0xffff };
    } else return sel;
  }
}

function policy(words: Words): XfrmMessage {
  const verb = words.next();
  if (verb === 'flush') return r.flushPolicies();
  if (verb === 'count') return r.spdInfo();
  if (verb === 'list') return r.dumpPolicies();
  if (verb === 'getdefault') return r.getDefault();
  if (verb === 'setdefault') {
    const said: Record<string, string> = {};
    while (!words.done) said[words.next()] = words.next();
    return r.setDefault(said);
  }
  if (verb === 'set') {
    const attributes = (['IPV4_HTHRESH', 'IPV6_HTHRESH'] as const).map((kind) => {
      words.next();
      return { kind, value: { lbits: words.number(), rbits: words.number() } };
    });
    return { kind: 'NEWSPDINFO', body: { flags: 0xffff_ffff }, attributes };
  }
  return onePolicy(verb, words);
}

function onePolicy(verb: string, words: Words): XfrmMessage {
  let info = s.userPolicyInfo.of({ sel: selector(words), lft: noLimits });
  const before: XfrmAttribute[] = [];
  const marks: XfrmAttribute[] = [];
  const after: XfrmAttribute[] = [];
  const templates: s.UserTmpl[] = [];
  while (!words.done) {
    const word = words.next();
    if (word === 'dir') info = { ...info, dir: flag(n.PolicyDirection, words.next()) };
    else if (word === 'action') info = { ...info, action: flag(n.PolicyAction, words.next()) };
    else if (word === 'priority' || word === 'index') info = { ...info, [word]: words.number() };
    else if (word === 'flag') info = { ...info, flags: words.flags(n.PolicyFlag) };
    else if (word === 'limit') info = { ...info, lft: limit(words, info.lft) };
    else if (word === 'mark') marks.push(mark(words));
    else if (word === 'if_id') after.push({ kind: 'IF_ID', value: words.number() });
    else if (word === 'ctx') after.unshift(context(words.next()));
    else if (word === 'tmpl') templates.push(template(words));
    else if (word === 'ptype') {
      const type = flag(n.PolicyType, words.next());
      before.push({ kind: 'POLICY_TYPE', value: { type, reserved1: 0, reserved2: 0 } });
    } else fail(word);
  }
  if (verb === 'get' || verb === 'delete') {
    const { sel, dir, index } = info;
    const kind = verb === 'get' ? 'GETPOLICY' : 'DELPOLICY';
    return { kind, body: { sel, dir, index }, attributes: [...before, ...marks, ...after] };
  }
  const tmpl: XfrmAttribute[] = templates.length > 0 ? [{ kind: 'TMPL', value: templates }] : [];
  const kind = verb === 'update' ? 'UPDPOLICY' : 'NEWPOLICY';
  return { kind, body: info, attributes: [...before, ...tmpl, ...marks, ...after] };
}

function template(words: Words): s.UserTmpl {
  const all = 0xffff_ffff;
  let tmpl = s.userTmpl.of({ aalgos: all, ealgos: all, calgos: all });
  for (;;) {
    if (words.take('src')) {
      const { family, octets } = addressOf(words.next());
      tmpl = { ...tmpl, family, saddr: octets };
    } else if (words.take('dst')) {
      tmpl = { ...tmpl, id: { ...tmpl.id, daddr: addressOf(words.next()).octets } };
    } else if (words.take('proto')) {
      tmpl = { ...tmpl, id: { ...tmpl.id, proto: protocols[words.next()] ?? fail('proto') } };
    } else if (words.take('spi')) tmpl = { ...tmpl, id: { ...tmpl.id, spi: words.number() } };
    else if (words.take('reqid')) tmpl = { ...tmpl, reqid: words.number() };
    else if (words.take('mode')) tmpl = { ...tmpl, mode: modes[words.next()] ?? fail('mode') };
    else return tmpl;
  }
}
