/** Every fault of the two vocabularies does something, and our end holds what RFC 7296 wants of it. */
import { describe, expect, it } from 'vitest';
import {
  type Host,
  ladder,
  type Misbehaviour,
  misbehave,
  type Pair,
  type PairOptions,
  pair,
  type VocabularyEntry,
  vocabulary,
} from '../../src/testing/index.ts';
import { expectUp } from '../scenes/expect-up.ts';

interface Run extends Pair {
  readonly peer: Host;
  readonly faults: Misbehaviour;
}

interface Check {
  readonly options?: PairOptions;
  /** Rules that never get their turn, from the end. */
  readonly unused?: number;
  run(run: Run): void;
}

function perform(entry: VocabularyEntry, check: Check): void {
  const both = pair(check.options);
  const peer = both[entry.peer ?? 'initiator'];
  const faults = misbehave(both.network, peer, { rules: entry.rules });
  check.run({ ...both, up: both.up, peer, faults });
  const unused = faults.idle.slice();
  expect(unused.length, `${unused}\n${ladder(both.network).join('\n')}`).toBe(check.unused ?? 0);
}

const sent = ({ network }: Run): string[] =>
  network.flights.map((flight) => ladder({ flights: [flight] })[0] ?? '');
const failures = ({ initiator, responder }: Run): string[] =>
  [...initiator.failures, ...responder.failures].map(({ code, text }) => `${code} ${text}`);
const drops = ({ initiator, responder }: Run): string[] =>
  [...initiator.told('drop'), ...responder.told('drop')].map(({ reason }) => reason);

/** It does not matter: the connection is up. */
const harmless: Check = { run: (all) => expectUp(all.up()) };
/** Retransmissions make it good. */
const madeGood: Check = {
  run(all) {
    all.initiator.up(all.name);
    all.network.advance(20_000);
    expectUp(all);
  },
};

/** Nothing comes up; the failures or the drops say why. */
const refused = (why: RegExp, unused = 0, options: PairOptions = {}): Check => ({
  options,
  unused,
  run(all) {
    all.initiator.up(all.name);
    expect(all.network.run()).toBe(true);
    expect(all.initiator.leftovers).toEqual([]);
    expect(all.responder.leftovers).toEqual([]);
    expect([...failures(all), ...drops(all)].join('\n')).toMatch(why);
  },
});

/** The IKE SA comes up, its child does not. */
const childRefused = (why: RegExp): Check => ({
  run(all) {
    all.up();
    expect(all.initiator.children).toEqual([]);
    expect(all.responder.children).toEqual([]);
    expect(failures(all).join('\n')).toMatch(why);
  },
});

/** What happens a while after it is up shows in the ladder. */
const later = (shows: RegExp, millis = 10_000): Check => ({
  run(all) {
    all.up();
    all.network.advance(millis);
    expect(sent(all).join('\n')).toMatch(shows);
  },
});

const logged = (what: RegExp): Check => ({
  run(all) {
    expectUp(all.up());
    expect(all.faults.log.join('\n')).toMatch(what);
  },
});

/** A child rekey that the initiator or the responder mistreats. */
const rekeyed = (check: (all: Run) => void): Check => ({
  options: { subnet: '10.1.0.0/24' },
  run(all) {
    all.up();
    all.initiator.command({ kind: 'rekey', name: all.name, what: 'children' });
    all.network.advance(20_000);
    check(all);
  },
});

/** Nobody answers the initiator. */
function deaf(all: Run): void {
  all.network.fate(({ source }) => (source.address === '10.0.0.2' ? [] : undefined));
  all.initiator.up(all.name);
  expect(all.network.run()).toBe(true);
}

/** The peer's data plane refuses: its child does not live, its IKE SA does. */
function childFails(why: RegExp): Check {
  return {
    run(all) {
      all.up();
      all.network.advance(10_000);
      expect(failures(all).join('\n')).toMatch(why);
      expect(all.initiator.children).toEqual([]);
      expect(all.responder.children).toEqual([]);
    },
  };
}

/** The data plane says that an SA is soon over, or is; nobody listens. */
function expiry(hard: boolean): Check {
  return {
    run(all) {
      all.up();
      const [sa] = all.initiator.memory.sas;
      if (sa === undefined) throw new Error('no SA');
      all.initiator.feed({ type: 'kernel', notice: { kind: 'expire', id: sa.id, hard } });
      all.network.advance(10_000);
      expectUp(all);
      expect(all.network.flights).toHaveLength(4);
    },
  };
}

const conftest: Readonly<Record<keyof typeof vocabulary.conftest, Check>> = {
  add_notify: harmless,
  add_payload: refused(/UNSUPPORTED_CRITICAL_PAYLOAD/),
  custom_proposal: refused(/NO_PROPOSAL_CHOSEN/),
  force_cookie: {
    run(all) {
      expectUp(all.up());
      expect(sent(all)[1]).toMatch(/request 0 \{ N\(COOKIE\) SA/);
    },
  },
  ignore_message: madeGood,
  ike_auth_fill: harmless,
  log_id: logged(/IDr \{"idType":1/),
  log_ke: logged(/KE \{"group":31/),
  log_proposals: logged(/SA \{"proposals":\[/),
  log_ts: logged(/TSi \{"selectors":\[/),
  pretend_auth: {
    options: { responder: { psk: 'another key' } },
    run(all) {
      all.up();
      expect(all.initiator.established).toHaveLength(1);
      expect(all.responder.established).toHaveLength(0);
    },
  },
  rebuild_auth: {
    options: { responder: { peerIdentity: '%any' } },
    run(all) {
      all.up();
      expect(all.responder.established.map(({ remoteId }) => remoteId)).toEqual(['@someone.else']);
    },
  },
  reset_seq: {
    options: { kernel: 'userspace' },
    run(all) {
      all.up();
      const [child] = all.initiator.children;
      const ping = (): number => {
        let answers = 0;
        for (let i = 0; i < 3; i++) {
          all.initiator.userspace.ping({ reqid: child?.reqid ?? 0 }, () => answers++);
          all.network.advance(100);
        }
        return answers;
      };
      expect(ping()).toBe(3);
      all.network.advance(1000);
      expect(ping()).toBe(0);
    },
  },
  set_critical: harmless,
  set_ike_initiator: refused(/unknown-spi/),
  set_ike_request: refused(/TIMEOUT.*stale-message-id/s),
  set_ike_spi: refused(/unknown-spi/),
  set_ike_version: refused(/version/),
  set_length: refused(/malformed/),
  set_proposal_number: refused(/malformed|INVALID_SYNTAX|BAD_MESSAGE|AUTHENTICATION_FAILED/),
  set_reserved: harmless,
  unencrypted_notify: {
    run(all) {
      expectUp(all.up());
      expect(drops(all)).toContain('unexpected');
    },
  },
  unsort_message: harmless,
  initiate: {
    run(all) {
      all.network.advance(2000);
      expectUp(all);
    },
  },
  rekey_ike: later(/CREATE_CHILD_SA request 2 \{ SA Ni KE \}/),
  rekey_child: later(/CREATE_CHILD_SA request 2 \{ N\(REKEY_SA\)/),
  liveness: later(/INFORMATIONAL request 2 \{ \}/),
  close_ike: later(/INFORMATIONAL request 2 \{ D\(IKE\) \}/),
  close_child: later(/INFORMATIONAL request 2 \{ D\(ESP [0-9a-f]{8}\) \}/),
  fake_nat: {
    run(all) {
      all.up();
      expect(all.responder.established).toHaveLength(1);
      expect(all.network.flights.at(-1)?.destination.port).toBe(4500);
      expect(all.initiator.children[0]?.encapsulated).toBe(true);
    },
  },
};

const impairments: Readonly<Record<keyof typeof vocabulary.impairments, Check>> = {
  drop_inbound: madeGood,
  drop_outbound: madeGood,
  block_inbound: refused(/TIMEOUT/),
  block_outbound: refused(/TIMEOUT/),
  drip_inbound: madeGood,
  drip_outbound: madeGood,
  duplicate_inbound: harmless,
  duplicate_outbound: harmless,
  replay_inbound: harmless,
  replay_outbound: harmless,
  record_inbound: harmless,
  record_outbound: harmless,
  replay_duplicates: harmless,
  replay_forward: harmless,
  replay_backward: harmless,
  jacob_two_two: harmless,
  replay_encrypted: harmless,
  corrupt_encrypted: madeGood,
  suppress_retransmits: {
    run(all) {
      deaf(all);
      expect(all.network.flights.filter(({ passages }) => passages.length > 0)).toHaveLength(1);
      expect(all.initiator.failures.map(({ code }) => code)).toEqual(['TIMEOUT']);
    },
  },
  timeout_on_retransmit: {
    run(all) {
      deaf(all);
      expect(all.initiator.failures.map(({ code }) => code)).toEqual(['DELETED_BY_US']);
      expect(all.network.flights.length).toBeLessThan(4);
    },
  },
  delete_on_retransmit: {
    run(all) {
      deaf(all);
      expect(all.initiator.leftovers).toEqual([]);
      expect(all.network.flights.length).toBeLessThan(4);
    },
  },
  send_keepalive: harmless,
  major_version_bump: refused(/version/),
  minor_version_bump: harmless,
  send_bogus_isakmp_flag: harmless,
  send_bogus_payload_flag: harmless,
  ike_initiator_spi: refused(/unknown-spi/),
  ike_responder_spi: refused(/unknown-spi/),
  bad_ike_auth_xchg: {
    run(all) {
      all.initiator.up(all.name);
      all.network.advance(120_000);
      expect(all.initiator.established).toEqual([]);
      expect(drops(all)).toContain('stale-message-id');
    },
  },
  ke_payload: refused(/INVALID_SYNTAX|INVALID_KE/),
  ike_key_length_attribute: refused(/NO_PROPOSAL_CHOSEN/),
  child_key_length_attribute: childRefused(/NO_PROPOSAL_CHOSEN/),
  v2_proposal_integ: harmless,
  v2_proposal_dh: refused(/NO_PROPOSAL_CHOSEN/),
  add_ike_transform: harmless,
  add_child_transform: harmless,
  v2_proposal_protoid: refused(/NO_PROPOSAL_CHOSEN|malformed/),
  initiator_nonce: refused(/TIMEOUT.*malformed/s),
  responder_nonce: refused(/TIMEOUT.*malformed/s),
  omit_addke_notification: {
    run(all) {
      const more = { payload: 'N(ADDITIONAL_KEY_EXCHANGE)', data: '01' };
      all.faults.stop();
      const adds = {
        rules: [{ on: { direction: 'out', exchange: 'IKE_AUTH' }, do: { action: 'add', payload: more } }],
      };
      const { rules } = vocabulary.impairments.omit_addke_notification;
      const both = misbehave(all.network, all.peer, { rules: [...adds.rules, ...rules] });
      expectUp(all.up());
      expect(both.idle).toEqual([]);
    },
    unused: 1,
  },
  allow_null_none: childRefused(/NO_PROPOSAL_CHOSEN/),
  add_unknown_v2_payload_to: harmless,
  add_unknown_v2_payload_to_sk: harmless,
  unknown_v2_payload_critical: refused(/UNSUPPORTED_CRITICAL_PAYLOAD/),
  pad_with_unknown_v2_payloads: harmless,
  send_nonzero_reserved: harmless,
  send_nonzero_reserved_id: harmless,
  add_v2_notification: harmless,
  ignore_v2_notification: {
    options: { mode: 'transport' },
    run(all) {
      all.up();
      expect(all.initiator.children).toEqual([]);
    },
  },
  omit_v2_notification: harmless,
  childless_ikev2_supported: { options: { childless: true }, run: (all) => void all.up() },
  ddos_cookie: harmless,
  force_v2_auth_method: refused(/AUTHENTICATION_FAILED/),
  truncate_signed_hash: refused(/AUTHENTICATION_FAILED/),
  mangle_cert_pubkey: harmless,
  send_pkcs7_thingie: harmless,
  send_no_idr: harmless,
  send_no_ikev2_auth: refused(/TIMEOUT/),
  omit_v2_ike_auth_child: {
    run(all) {
      all.up();
      expect(all.responder.established).toHaveLength(1);
      expect(all.responder.children).toEqual([]);
    },
  },
  number_of_TSi_selectors: refused(/INVALID_SYNTAX|BAD_MESSAGE/),
  number_of_TSr_selectors: refused(/INVALID_SYNTAX|BAD_MESSAGE/),
  rekey_initiate_supernet: rekeyed((all) => {
    expect(all.responder.children.map(({ local, remote }) => [local, remote])).toEqual([
      ['10.1.0.0/24', '10.1.0.0/24'],
    ]);
  }),
  rekey_initiate_subnet: rekeyed((all) => expect(failures(all).join()).toMatch(/TS_UNACCEPTABLE/)),
  rekey_respond_supernet: rekeyed((all) => expect(all.initiator.children.length).toBeLessThan(2)),
  rekey_respond_subnet: rekeyed((all) => expect(all.initiator.children.length).toBeLessThan(2)),
  // No AH child has that SPI (CHILD_SA_NOT_FOUND): the initiator makes a new child, and the responder never heard of the old one's end.
  v2n_rekey_sa_protoid: rekeyed((all) => expect(all.responder.children).toHaveLength(2)),
  v2_delete_protoid: {
    run(all) {
      all.up();
      all.initiator.command({ kind: 'deleteChild', spi: all.initiator.children[0]?.inboundSpi ?? 0 });
      all.network.advance(10_000);
      expect(all.responder.established).toHaveLength(1);
    },
  },
  send_no_delete: {
    run(all) {
      all.up();
      all.initiator.down(all.name);
      all.network.advance(200_000);
      expect(all.initiator.leftovers).toEqual([]);
      expect(all.responder.established).toHaveLength(1);
    },
  },
  ignore_viable_parent: {
    run(all) {
      all.up();
      const [before] = all.responder.established;
      all.network.advance(20_000);
      expect(all.responder.established).toHaveLength(1);
      expect(all.responder.established[0]?.spiI).not.toBe(before?.spiI);
    },
  },
  lifetime: later(/request 2 \{ N\(REKEY_SA\)/),
  install_ipsec_sa_inbound_state: childFails(/KERNEL|ENOMEM/),
  install_ipsec_sa_inbound_policy: childFails(/KERNEL|ENOMEM/),
  install_ipsec_sa_outbound_state: childFails(/KERNEL|ENOMEM/),
  install_ipsec_sa_outbound_policy: childFails(/KERNEL|ENOMEM/),
  ignore_soft_expire: expiry(false),
  ignore_hard_expire: expiry(true),
  cannot_ondemand: childFails(/KERNEL|ENOMEM/),
  trigger_v2_rekey: later(/request 2 \{ N\(REKEY_SA\)/),
  trigger_v2_liveness: later(/INFORMATIONAL request 2 \{ \}/),
  trigger_v2_replace: later(/CREATE_CHILD_SA request 2 \{ SA Ni KE \}/),
  trigger_revival: {
    run(all) {
      all.up();
      const [before] = all.responder.established;
      all.network.advance(20_000);
      expectUp(all);
      expect(all.responder.established[0]?.spiI).not.toBe(before?.spiI);
    },
  },
  helper_thread_delay: {
    run(all) {
      all.initiator.up(all.name);
      all.network.advance(4000);
      expect(all.initiator.children).toEqual([]);
      all.network.advance(2000);
      expectUp(all);
    },
  },
};

describe('conftest', () => {
  it.each(Object.keys(conftest) as (keyof typeof conftest)[])('%s', (name) => {
    perform(vocabulary.conftest[name], conftest[name]);
  });
});

describe('impairments', () => {
  it.each(Object.keys(impairments) as (keyof typeof impairments)[])('%s', (name) => {
    perform(vocabulary.impairments[name], impairments[name]);
  });
});
