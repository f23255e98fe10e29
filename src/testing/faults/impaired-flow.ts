/** Libreswan's impairments of the flow of datagrams, the header, the data plane and events. */
import type { FaultRule } from './script.ts';
import type { Vocabulary } from './vocabulary.ts';

const psk = 'somesharedkey';
const sent = { direction: 'out' } as const;
const received = { direction: 'in' } as const;
const init = { ...sent, exchange: 'IKE_SA_INIT', message: 'request' } as const;
const auth = { ...sent, exchange: 'IKE_AUTH', message: 'request' } as const;

/** After a change of IKE_SA_INIT, so that AUTH still holds. */
const resign: FaultRule = {
  name: 'AUTH covers what was sent',
  on: { ...sent, exchange: 'IKE_AUTH', payload: 'AUTH' },
  do: { action: 'sign', psk },
};

const command = (
  name: 'rekey_child' | 'rekey_ike' | 'liveness' | 'close_ike' | 'initiate' | 'restart',
  after = 0,
) => ({ action: 'command', command: name, after }) as const;

const flow = {
  drop_inbound: {
    does: 'loses the n-th datagram it gets',
    rules: [{ on: { ...received, nth: 1 }, do: 'drop' }],
  },
  drop_outbound: {
    does: 'loses the n-th datagram it sends',
    rules: [{ on: { ...sent, nth: 1 }, do: 'drop' }],
  },
  block_inbound: { does: 'hears nothing', rules: [{ on: received, do: 'drop' }] },
  block_outbound: { does: 'sends nothing', rules: [{ on: sent, do: 'drop' }] },
  drip_inbound: {
    does: 'what was blocked comes in later, one at a time',
    rules: [
      { on: { ...received, nth: 1 }, do: 'drop' },
      { on: { ...received, nth: 2 }, do: ['drop', { action: 'replay', which: 'first' }] },
    ],
  },
  drip_outbound: {
    does: 'what was blocked goes out later, one at a time',
    rules: [
      { on: { ...sent, nth: 1 }, do: 'drop' },
      { on: { ...sent, nth: 2 }, do: ['drop', { action: 'replay', which: 'first' }] },
    ],
  },
  duplicate_inbound: { does: 'hears datagrams twice', rules: [{ on: { ...received, nth: 1 }, do: 'copy' }] },
  duplicate_outbound: { does: 'sends datagrams twice', rules: [{ on: { ...sent, nth: 1 }, do: 'copy' }] },
  replay_inbound: {
    does: 'hears an old datagram again',
    rules: [{ on: { ...received, nth: 2 }, do: { action: 'replay', which: 'first' } }],
  },
  replay_outbound: {
    does: 'sends an old datagram again',
    rules: [{ on: { ...sent, nth: 2 }, do: { action: 'replay', which: 'first' } }],
  },
  record_inbound: {
    does: 'keeps what it hears: every datagram is kept here, `which` picks one',
    rules: [{ on: { ...received, nth: 2 }, do: { action: 'replay', which: 1 } }],
  },
  record_outbound: {
    does: 'keeps what it sends: likewise',
    rules: [{ on: { ...sent, nth: 2 }, do: { action: 'replay', which: 1 } }],
  },
  replay_duplicates: { does: 'each datagram it gets comes twice', rules: [{ on: received, do: 'copy' }] },
  replay_forward: {
    does: 'with each datagram all earlier ones, oldest first',
    rules: [{ on: received, do: { action: 'replay', which: 'forward' } }],
  },
  replay_backward: {
    does: 'with each datagram all earlier ones, newest first',
    rules: [{ on: received, do: { action: 'replay', which: 'backward' } }],
  },
  jacob_two_two: { does: 'sends every datagram twice', rules: [{ on: sent, do: 'copy' }] },
  replay_encrypted: {
    does: 'encrypted messages come again',
    rules: [{ on: { ...received, exchange: ['IKE_AUTH', 'CREATE_CHILD_SA', 'INFORMATIONAL'] }, do: 'copy' }],
  },
  corrupt_encrypted: {
    does: 'encrypted messages that cannot be decrypted',
    rules: [{ on: { ...auth, nth: 1 }, do: { action: 'datagram', at: -1, xor: 'ff' } }],
  },
  suppress_retransmits: {
    does: 'never retransmits',
    rules: [{ on: { ...sent, retransmission: true }, do: 'drop' }],
  },
  timeout_on_retransmit: {
    does: 'gives up at the first retransmission',
    rules: [{ on: { ...sent, retransmission: true }, do: ['drop', command('close_ike')] }],
  },
  delete_on_retransmit: {
    does: 'fails at the first retransmission',
    rules: [{ on: { ...sent, retransmission: true }, do: ['drop', command('restart')] }],
  },
  send_keepalive: {
    does: 'sends a NAT keepalive',
    rules: [{ on: { ...sent, nth: 1 }, do: { action: 'emit', octets: 'ff' } }],
  },
} as const satisfies Vocabulary;

const header = {
  major_version_bump: {
    does: 'a higher major version',
    rules: [{ on: init, do: { action: 'header', majorVersion: { add: 1 } } }],
  },
  minor_version_bump: {
    does: 'a higher minor version',
    rules: [{ on: init, do: { action: 'header', minorVersion: { add: 1 } } }, resign],
  },
  send_bogus_isakmp_flag: {
    does: 'a reserved header flag',
    rules: [{ on: init, do: { action: 'header', flags: 1 } }, resign],
  },
  send_bogus_payload_flag: {
    does: 'reserved bits in payload headers',
    rules: [{ on: init, do: { action: 'reserved', payload: 'all', bits: 1 } }, resign],
  },
  ike_initiator_spi: {
    does: 'another initiator SPI',
    rules: [{ on: auth, do: { action: 'header', initiatorSpi: '0000000000000001' } }],
  },
  ike_responder_spi: {
    does: 'another responder SPI',
    rules: [{ on: auth, do: { action: 'header', responderSpi: '0000000000000001' } }],
  },
  bad_ike_auth_xchg: {
    does: 'answers IKE_AUTH with another exchange type',
    peer: 'responder',
    rules: [
      {
        on: { ...sent, exchange: 'IKE_AUTH', message: 'response' },
        do: { action: 'header', exchange: 'INFORMATIONAL' },
      },
    ],
  },
} as const satisfies Vocabulary;

const kernel = {
  install_ipsec_sa_inbound_state: {
    does: 'no inbound SA can be installed',
    rules: [{ kernel: { command: 'addSa', direction: 'in' }, do: 'refuse' }],
  },
  install_ipsec_sa_inbound_policy: {
    does: 'no inbound policy can be installed',
    rules: [{ kernel: { command: 'addPolicy', direction: 'in' }, do: 'refuse' }],
  },
  install_ipsec_sa_outbound_state: {
    does: 'no outbound SA can be installed',
    rules: [{ kernel: { command: 'addSa', direction: 'out' }, do: 'refuse' }],
  },
  install_ipsec_sa_outbound_policy: {
    does: 'no outbound policy can be installed',
    rules: [{ kernel: { command: 'addPolicy', direction: 'out' }, do: 'refuse' }],
  },
  ignore_soft_expire: {
    does: 'does not hear that an SA should be rekeyed',
    rules: [{ kernel: { notice: 'expire', hard: false }, do: 'ignore' }],
  },
  ignore_hard_expire: {
    does: 'does not hear that an SA is over',
    rules: [{ kernel: { notice: 'expire', hard: true }, do: 'ignore' }],
  },
  cannot_ondemand: {
    does: 'no policy that waits for traffic',
    rules: [{ kernel: { command: 'addPolicy', direction: 'out', nth: 1 }, do: 'refuse' }],
  },
} as const satisfies Vocabulary;

const events = {
  trigger_v2_rekey: { does: 'rekeys its children now', rules: [{ at: 1000, do: command('rekey_child') }] },
  trigger_v2_liveness: { does: 'checks liveness now', rules: [{ at: 1000, do: command('liveness') }] },
  trigger_v2_replace: { does: 'replaces the IKE SA now', rules: [{ at: 1000, do: command('rekey_ike') }] },
  trigger_revival: {
    does: 'comes back after a Delete',
    rules: [{ at: 1000, do: [command('close_ike'), command('initiate', 500)] }],
  },
  helper_thread_delay: {
    does: 'the world answers it late',
    rules: [{ kernel: { command: 'addSa', direction: 'in' }, do: { action: 'delay', by: 5000 } }],
  },
} as const satisfies Vocabulary;

export const impairedFlow = { ...flow, ...header, ...kernel, ...events } as const satisfies Vocabulary;
